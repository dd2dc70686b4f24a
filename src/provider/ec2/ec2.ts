/**
 * Machines as EC2 instances, found by their tags. Used by `tm up` for nodes and by nodes for their
 * workers.
 */
import { TmError } from '../../core/errors.ts'
import type { LaunchSpec, Machine, MachineKind, Provider } from '../provider.ts'
import type { Aws } from './clients.ts'
import {
  absenceGrace,
  type Ec2Machine,
  endInstances,
  isLeaving,
  listInstances,
} from './instances.ts'
import { createIntents, type Journal, memoryJournal } from './intents.ts'
import { type Pace, systemPace } from './pace.ts'
import { createFullPlaces } from './placements.ts'
import { runInstance } from './run.ts'
import type { Shape } from './run-input.ts'

export interface Ec2Options {
  aws: Aws
  cluster: string
  /** What machines of each kind are made of; only kinds that are launched here need one. */
  shapes: Partial<Record<MachineKind, Shape>>
  /** What a machine does when it boots. Anybody can read it: it must hold no secret. */
  bootScript: (spec: LaunchSpec) => string
  /** Where intents are written; in memory, if undefined: fine where ids are never used again. */
  journal?: Journal
  pace?: Pace
}

export interface Instanced extends Machine {
  instance: string
}

export interface Ec2Provider extends Provider {
  list(): Promise<Instanced[]>
  launch(spec: LaunchSpec): Promise<Instanced>
}

/**
 * `grace` does not count here: EC2 asks the system to shut down, which stops the unit as it would be
 * stopped anyway, and pulls the plug after some minutes.
 */
export function ec2Provider(options: Ec2Options): Ec2Provider {
  const { aws, cluster, bootScript, pace = systemPace } = options
  const intents = createIntents(options.journal ?? memoryJournal())
  const runner = { aws, cluster, pace, intents, full: createFullPlaces() }
  /** What was there a moment ago, launched or listed: EC2 may not list it just now. */
  const recent = new Map<string, { machine: Instanced; since: number }>()
  /** Why machines that are on their way out have ended. */
  const reasons = new Map<string, string>()
  /** Launches one after the other, so that each knows what has no room: RunInstances takes 2/s. */
  let turn: Promise<unknown> = Promise.resolve()

  /** Takes note of what is listed; gives what is not, and is still believed to be there. */
  function unlisted(seen: Ec2Machine[]): Instanced[] {
    const now = pace.now()
    for (const one of seen) {
      if (!isLeaving(one)) recent.set(one.instance, { machine: show(one), since: now })
      else {
        recent.delete(one.instance)
        if (one.reason) reasons.set(one.id, one.reason)
      }
    }
    const listed = new Set(seen.map(({ instance }) => instance))
    for (const [instance, { since }] of recent) {
      if (now - since > absenceGrace) recent.delete(instance)
    }
    const missing = [...recent.values()].filter(({ machine }) => !listed.has(machine.instance))
    return missing.map(({ machine }) => machine)
  }

  async function run(spec: LaunchSpec): Promise<Instanced> {
    const shape = options.shapes[spec.kind]
    if (!shape) throw new TmError('failed', `This process does not launch a ${spec.kind}`)
    const { id, kind, node } = spec
    const order = { id, kind, shape, bootScript: bootScript(spec), ...(node ? { node } : {}) }
    const launched = [...recent.values()].some(({ machine }) => machine.id === id)
    const missing = launched ? unlisted(await listInstances(aws, { cluster }, pace)) : []
    const made = missing.find((machine) => machine.id === id)
    if (made) return made
    const machine = show(await runInstance(runner, order))
    recent.set(machine.instance, { machine, since: pace.now() })
    return machine
  }

  return {
    async list() {
      const seen = await listInstances(aws, { cluster }, pace)
      return [...seen.filter((one) => !isLeaving(one)).map(show), ...unlisted(seen)]
    },

    async launch(spec) {
      const mine = turn.then(() => run(spec))
      turn = mine.catch(() => {})
      return await mine.catch((error) => {
        throw asFailed(error)
      })
    },

    async terminate(id) {
      const seen = await listInstances(aws, { cluster }, pace)
      const there = seen.filter(({ state }) => state !== 'terminated')
      const instances = [...there, ...unlisted(seen)]
        .filter((machine) => machine.id === id)
        .map(({ instance }) => instance)
      await endInstances(aws, { cluster, instances }, pace)
      for (const instance of instances) recent.delete(instance)
    },

    whyEnded: async (id) => reasons.get(id),
  }
}

function show({ id, kind, cluster, node, launchedAt, instance, ...rest }: Ec2Machine): Instanced {
  const address = rest.privateAddress ? { address: rest.privateAddress } : {}
  return { id, kind, cluster, ...(node ? { node } : {}), launchedAt, instance, ...address }
}

/** To a provider's caller a launch that failed is `failed`, whatever was wrong. */
function asFailed(error: unknown): unknown {
  if (!(error instanceof TmError) || error.code === 'failed') return error
  return new TmError('failed', error.message, {
    suggestions: error.suggestions,
    cause: error.cause ?? error,
  })
}
