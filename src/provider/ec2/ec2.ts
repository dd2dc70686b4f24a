/**
 * The provider whose machines are EC2 instances, found by their tags. Nodes launch and terminate their
 * workers with it.
 */
import type { Shape } from '../../api/contract/terms.ts'
import { TmError } from '../../core/errors.ts'
import type { LaunchSpec, Machine, MachineKind, Provider, StartTimes } from '../provider.ts'
import type { AwsContext } from './aws/context.ts'
import {
  absenceGraceMs,
  type Ec2Machine,
  isLeaving,
  listInstances,
  terminateInstances,
} from './machines/instances.ts'
import { createIntents, type Journal, memoryJournal } from './machines/intents.ts'
import { createRunner, runInstance } from './machines/run.ts'

export interface Ec2Options {
  aws: AwsContext
  cluster: string
  /** How machines of each kind are built; only for the kinds that this process launches. */
  shapes: Partial<Record<MachineKind, Shape>>
  /** What a machine runs when it boots. Readable by others: it must contain no secret. */
  bootScript: (spec: LaunchSpec) => string
  /** Where intents are stored. In memory, if undefined: enough if ids are never reused. */
  journal?: Journal
}

export interface Ec2Instance extends Machine {
  instance: string
}

export interface Ec2Provider extends Provider {
  list(): Promise<Ec2Instance[]>
  launch(spec: LaunchSpec): Promise<Ec2Instance>
}

/**
 * RunInstances has two calls a second ("Request throttling for the Amazon EC2 API"). A machine is not billed
 * while it is pending, and for a minute at least ("Amazon EC2 On-Demand Pricing").
 */
const startTimes: StartTimes = { boot: 75_000, pending: 12_000, gap: 500, leastPaid: 60_000 }

/**
 * Ignores `graceMs`: EC2 asks the system to shut down, which stops the unit of tm, and cuts the power
 * after some minutes.
 */
export function ec2Provider(options: Ec2Options): Ec2Provider {
  const { aws, cluster, bootScript } = options
  const intents = createIntents(options.journal ?? memoryJournal())
  const runner = createRunner({ aws, cluster, intents })
  /** Launched or listed before. EC2 may leave one out of an answer; `absentSince`: the first that did. */
  const recent = new Map<string, { machine: Ec2Instance; absentSince?: number }>()
  /** Why machines ended, by id. */
  const reasons = new Map<string, string>()

  /** Remembers what is listed, and returns the recent instances that are not. */
  function unlisted(listed: Ec2Machine[]): Ec2Instance[] {
    const now = aws.now()
    for (const one of listed) {
      if (!isLeaving(one)) recent.set(one.instance, { machine: toMachine(one) })
      else {
        recent.delete(one.instance)
        if (one.reason) reasons.set(one.id, one.reason)
      }
    }
    const ids = new Set(listed.map(({ instance }) => instance))
    for (const [instance, entry] of recent) {
      if (ids.has(instance)) continue
      entry.absentSince ??= now
      if (now - entry.absentSince > absenceGraceMs) recent.delete(instance)
    }
    const missing = [...recent.values()].filter(({ machine }) => !ids.has(machine.instance))
    return missing.map(({ machine }) => machine)
  }

  async function run(spec: LaunchSpec): Promise<Ec2Instance> {
    const shape = options.shapes[spec.kind]
    if (!shape) throw new TmError('failed', `This process does not launch a ${spec.kind}`)
    const { id, kind } = spec
    const node = spec.kind === 'worker' ? { node: spec.node } : {}
    const order = { id, kind, shape, bootScript: bootScript(spec), ...node }
    const launched = [...recent.values()].some(({ machine }) => machine.id === id)
    const missing = launched ? unlisted(await listInstances(aws, { cluster })) : []
    const made = missing.find((machine) => machine.id === id)
    if (made) return made
    const machine = toMachine(await runInstance(runner, order))
    recent.set(machine.instance, { machine })
    return machine
  }

  return {
    looks: { changingMs: 3000, quietMs: 60_000 },
    starts: startTimes,

    async list() {
      const listed = await listInstances(aws, { cluster, live: true })
      return [...listed.filter((one) => !isLeaving(one)).map(toMachine), ...unlisted(listed)]
    },

    async launch(spec) {
      return await run(spec).catch((error) => {
        throw asFailed(error)
      })
    },

    async terminate(id) {
      const listed = await listInstances(aws, { cluster })
      const existing = listed.filter(({ state }) => state !== 'terminated')
      const instances = [...existing, ...unlisted(listed)]
        .filter((machine) => machine.id === id)
        .map(({ instance }) => instance)
      const [refused] = (await terminateInstances(aws, { cluster, instances })).values()
      if (refused) throw refused
      for (const instance of instances) recent.delete(instance)
    },

    async whyEnded(id) {
      const known = reasons.get(id)
      if (known) return known
      // It has terminated between two looks.
      const [ended] = await listInstances(aws, { cluster, id })
      return ended?.reason
    },
  }
}

function toMachine({
  id,
  kind,
  cluster,
  node,
  launchedAt,
  instance,
  ...rest
}: Ec2Machine): Ec2Instance {
  const address = rest.privateAddress ? { address: rest.privateAddress } : {}
  return { id, kind, cluster, ...(node ? { node } : {}), launchedAt, instance, ...address }
}

/** A launch fails with `failed`, whatever the cause: the contract of a provider. */
function asFailed(error: unknown): unknown {
  if (!(error instanceof TmError) || error.code === 'failed') return error
  return new TmError('failed', error.message, {
    suggestions: error.suggestions,
    cause: error.cause ?? error,
  })
}
