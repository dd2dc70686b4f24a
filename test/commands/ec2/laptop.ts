/**
 * A laptop with an AWS account of the stand-in. Commands run in this process; `up` can also be called
 * with a stand-in for what the machines do once they run, which needs machines that boot.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectNode } from '../../../src/api/client.ts'
import {
  type DryRunResult,
  type UpOptions,
  type UpResult,
  upCluster,
} from '../../../src/cli/cluster/up.ts'
import { withDefaults } from '../../../src/core/settings.ts'
import { connectAws } from '../../../src/provider/ec2/aws/connect.ts'
import type { BootNodes } from '../../../src/provider/ec2/cluster/bootstrap.ts'
import { type Ec2DriverOptions, ec2Driver } from '../../../src/provider/ec2/cluster/driver.ts'
import { adminToken } from '../../../src/state/cluster-nodes.ts'
import type { Choices } from '../../../src/state/cluster-record.ts'
import { type ClusterState, clusterState } from '../../../src/state/cluster-state.ts'
import type { GivenOptions } from '../../aws/options.ts'
import { type Standin, startStandin } from '../../aws/standin.ts'
import { root } from '../../bin/tm.ts'
import { fastRetry, recording } from '../../provider/ec2/account.ts'
import { type Ran, type Surroundings, tm, tmJson } from '../run.ts'

interface UpChanges
  extends Partial<Ec2DriverOptions>,
    Partial<Pick<UpOptions, 'confirm' | 'configure' | 'dryRun'>> {
  nodes?: number
  choices?: Partial<Choices>
}

export interface Laptop {
  standin: Standin
  dataDir: string
  /** The AWS variables, for {@link Laptop.tm} too. */
  env: Record<string, string>
  clusterState(name?: string): ClusterState
  tm(argv: string[], around?: Partial<Surroundings>): Promise<Ran>
  json<T>(argv: string[]): Promise<{ json: T; stderr: string; exitCode: number }>
  /** Titles and notes of the steps of {@link Laptop.up}. */
  steps: string[]
  up(changes?: UpChanges): Promise<UpResult>
  dryRun(changes?: UpChanges): Promise<DryRunResult>
  /** Another one with the same account. */
  other(): Laptop
  close(): Promise<void>
}

export async function openLaptop(given: GivenOptions = {}): Promise<Laptop> {
  const standin = await startStandin(given)
  return withAccount(standin, () => standin.stop())
}

function withAccount(standin: Standin, stop: () => Promise<void>): Laptop {
  const dataDir = mkdtempSync(join(tmpdir(), 'tm-laptop-'))
  const env = { ...standin.env }
  const steps: string[] = []
  const others: Laptop[] = []
  const call = async ({ nodes, choices, confirm, configure, dryRun, ...changes }: UpChanges) => {
    const reporter = recording(steps)
    const state = changes.state ?? clusterState(dataDir, 'default')
    const driver = ec2Driver({
      state,
      region: undefined,
      ambientRegion: standin.region,
      root,
      boot: booted,
      reporter,
      signal: new AbortController().signal,
      connect: (place) =>
        connectAws({
          ...place,
          endpoint: standin.url,
          credentials: standin.operator,
          retry: fastRetry,
        }),
      now: () => 1_000,
      ...changes,
    })
    const options = {
      cluster: state.name,
      wanted: { nodes, choices: choices ?? { allowCidrs: ['203.0.113.7/32'] } },
      restore: [],
      dryRun: dryRun ?? false,
      confirm: confirm ?? (async () => undefined),
      configure: configure ?? configured,
      reporter,
    }
    return await driver.up((builder) => upCluster(builder, options))
  }
  return {
    standin,
    dataDir,
    env,
    steps,
    clusterState: (name = 'default') => clusterState(dataDir, name),
    tm: async (argv, around = {}) => shown(await tm(argv, { dataDir, env, ...around })),
    json: (argv) => tmJson(argv, { dataDir, env }),
    up: async (changes = {}) => (await call(changes)) as UpResult,
    dryRun: async (changes = {}) => (await call({ ...changes, dryRun: true })) as DryRunResult,
    other() {
      const laptop = withAccount(standin, async () => {})
      others.push(laptop)
      return laptop
    },
    async close() {
      for (const one of others) await one.close()
      await stop()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

/** Where nothing listens. */
export async function deadUrl(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${port}`
}

/** As if the machines had come up, where nobody hears them. */
export const silent: BootNodes = async (machines, _, { state }) => {
  const url = await deadUrl()
  const client = connectNode({ url, token: adminToken(state) })
  return machines.map(({ id, instance }) => ({ id, instance, url, client }))
}

/** As if the machines had come up, with a certificate each. */
export const booted: BootNodes = async (machines, _, { state }) =>
  machines.map(({ id, instance, address }) => {
    const url = `https://${address}:8443`
    const client = connectNode({ url, token: adminToken(state) })
    return { id, instance, url, client, certificate: `certificate of ${instance}` }
  })

/** As if the nodes had taken the settings. */
export const configured: NonNullable<UpOptions['configure']> = async (_, changes) =>
  withDefaults(changes)

function shown({ stdout, stderr, exitCode }: Ran): Ran {
  return { stdout: withoutIds(stdout), stderr: withoutIds(stderr), exitCode }
}

/** Ids are others each time. */
export function withoutIds(text: string): string {
  return text.replace(/\b(i|sg|vpc|ami|subnet)-[0-9a-f]{8,}\b/g, '$1-ID')
}

/** The rules that let somebody in from outside. */
export function opened(standin: Standin): string[] {
  return [...standin.world.groups.values()]
    .filter(({ name }) => name !== 'default')
    .flatMap(({ rules }) => rules.filter(({ egress }) => !egress))
    .map(({ source, from }) => `${Object.values(source)[0]} ${from}`)
    .filter((rule) => !rule.startsWith('sg-'))
    .sort()
}
