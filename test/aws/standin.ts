// A strict stand-in for EC2, IAM and STS: an HTTP server that the real SDK talks to, in this
// process (`startStandin`) or in one of its own (`main.ts`). It checks signatures, permissions and
// parameters, takes its time as AWS does, and fails when told to.

import type { EventEmitter } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Call, createHooks, type Hook, type When } from './calls.ts'
import { interrupt, shutdownFromWithin } from './ec2/life.ts'
import { createFaults, type Fault, type FaultSpec } from './faults.ts'
import { createSpotRole } from './iam/spot-role.ts'
import { type InstanceCredentials, issue } from './keys.ts'
import { type GivenOptions, withDefaults } from './options.ts'
import { parseDocument } from './policy/document.ts'
import { serve } from './serve.ts'
import { type Snapshot, snapshot } from './snapshot.ts'
import { createWorld, type Instance, type World } from './state.ts'

export interface Standin {
  /** For AWS_ENDPOINT_URL. */
  readonly url: string
  /** AWS_* variables of the operator, for a process under test. */
  readonly env: Readonly<Record<string, string>>
  readonly operator: { accessKeyId: string; secretAccessKey: string }
  readonly region: string
  readonly account: string
  readonly calls: readonly Call[]
  /** The account itself, for what no method gives. */
  readonly world: World
  /** `state` for every change of an instance's state, `reboot`, and `notice` (spot). */
  readonly events: EventEmitter<{
    state: [{ id: string; from: string | undefined; to: string }]
    reboot: [{ id: string }]
    notice: [{ id: string }]
  }>
  fail(spec: FaultSpec): Fault
  /** Runs before a call's effect, or after it and before the answer. Returns its removal. */
  onCall(action: string, hook: Hook, when?: When): () => void
  instances(): Snapshot[]
  /** What is there that costs money or would be left behind, terminated instances aside. */
  leftovers(): string[]
  /** Role credentials as IMDS gives them; undefined where IMDS would answer 404. */
  credentialsFor(instanceId: string, lifeMs?: number): InstanceCredentials | undefined
  /** Shutdown from within the machine: terminates or stops, as the instance was launched. */
  shutdown(instanceId: string): void
  /** Spot interruption: the notice now, the end after `spotNoticeMs`. */
  interrupt(instanceId: string): void
  setConsole(instanceId: string, text: string): void
  /** A policy for the operator, or none: everything is allowed. */
  setOperatorPolicy(document: object | undefined): void
  /** `type:zone`, or `type:zone:spot`: no capacity there until further notice. */
  setCapacity(place: string, available: boolean): void
  stop(): Promise<void>
}

export async function startStandin(given?: GivenOptions): Promise<Standin> {
  const options = withDefaults(given)
  const world = createWorld(options)
  if (options.spotRole) createSpotRole(world)
  const faults = createFaults()
  const hooks = createHooks()
  const calls: Call[] = []
  const server = createServer((request, response) => {
    serve({ world, faults, hooks, calls }, request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port, options.host, resolve)
  })
  const { port } = server.address() as AddressInfo
  const url = `http://${options.host}:${port}`
  const { accessKeyId, secretAccessKey } = options.operator

  const existing = (id: string): Instance => {
    const instance = world.instances.get(id)
    if (!instance) throw new Error(`the stand-in has no instance ${id}`)
    return instance
  }

  return {
    url,
    env: {
      AWS_ENDPOINT_URL: url,
      AWS_REGION: options.region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    },
    operator: { accessKeyId, secretAccessKey },
    region: options.region,
    account: options.account,
    calls,
    world,
    events: world.events,
    fail: (spec) => faults.add(spec),
    onCall: (action, hook, when = 'before') => hooks.add(action, hook, when),
    instances: () => [...world.instances.values()].map((one) => snapshot(world, one)),
    leftovers: () => leftovers(world),
    credentialsFor: (id, lifeMs = 6 * 3_600_000) => issue(world, existing(id).id, lifeMs),
    shutdown: (id) => shutdownFromWithin(world, existing(id)),
    interrupt: (id) => interrupt(world, existing(id)),
    setConsole(id, text) {
      existing(id).console = text
    },
    setOperatorPolicy(document) {
      world.operatorPolicy = document && parseDocument(JSON.stringify(document))
    },
    setCapacity(place, available) {
      if (available) world.noCapacity.delete(place)
      else world.noCapacity.add(place)
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function leftovers(world: World): string[] {
  const alive = [...world.instances.values()].filter(({ state }) => state !== 'terminated')
  const groups = [...world.groups.values()].filter(({ name }) => name !== 'default')
  const roles = [...world.roles.values()].filter(({ path }) => !path.includes('service-role'))
  return [
    ...alive.map(({ id, state }) => `instance ${id} (${state})`),
    ...[...world.volumes.keys()].map((id) => `volume ${id}`),
    ...[...world.interfaces.keys()].map((id) => `network interface ${id}`),
    ...groups.map(({ id, name }) => `security group ${id} (${name})`),
    ...roles.map(({ name }) => `role ${name}`),
    ...[...world.profiles.keys()].map((name) => `instance profile ${name}`),
  ]
}
