/**
 * The step of `tm up` that launches the nodes, each by one RunInstances, and waits until they run and
 * have their addresses.
 */

import { TmError } from '../../../core/errors.ts'
import { suggest, tm } from '../../../core/suggestions.ts'
import {
  type Ec2Machine,
  isLeaving,
  type LaunchedNode,
  listInstances,
} from '../machines/instances.ts'
import type { Intents } from '../machines/intents.ts'
import { createRunner, runInstance } from '../machines/run.ts'
import type { ClusterContext, Infrastructure } from './infrastructure.ts'

export interface LaunchOptions extends ClusterContext {
  infrastructure: Infrastructure
  /** node-1, node-2 … */
  ids: string[]
  bootScript: (id: string) => string
  intents: Intents
  /** Called as soon as an instance exists. */
  onLaunched: (machine: Ec2Machine) => void
}

/** A pending instance runs, or has ended with a reason, well within this. */
const startTimeoutMs = 5 * 60_000

/** Launches the nodes that are missing. Returns all of `ids`, in that order. */
export async function launchNodes(options: LaunchOptions): Promise<LaunchedNode[]> {
  const { aws, cluster, reporter, intents, infrastructure, ids } = options
  const runner = createRunner({ aws, cluster, intents })
  const launched: Ec2Machine[] = []
  for (const [index, id] of ids.entries()) {
    const machine = await reporter.step(`instance ${index + 1}`, async (note) => {
      const bootScript = options.bootScript(id)
      const shape = infrastructure.shapes.node
      const made = await runInstance(runner, {
        id,
        kind: 'node',
        shape,
        bootScript,
        zoneOffset: index,
      })
      options.onLaunched(made)
      note(`${made.instance}, ${made.type} in ${made.zone}`)
      return made
    })
    launched.push(machine)
  }
  const kind = infrastructure.shapes.node.publicAddress ? 'public' : 'private'
  return await reporter.step(`${kind} addresses`, async (note) => {
    const nodes = await waitForAddresses(options, launched, kind)
    note(nodes.map(({ address }) => address).join(', '))
    return nodes
  })
}

async function waitForAddresses(
  { aws, cluster }: LaunchOptions,
  launched: Ec2Machine[],
  kind: 'public' | 'private',
): Promise<LaunchedNode[]> {
  const deadline = aws.now() + startTimeoutMs
  for (let n = 0; ; n += 1) {
    const listed = await listInstances(aws, { cluster })
    const seen = launched.map((one) => listed.find(({ instance }) => instance === one.instance))
    const ended = seen.find((one) => one !== undefined && isLeaving(one))
    if (ended) throw endedAtStart(ended)
    const stopped = seen.find((one) => one?.state === 'stopped')
    if (stopped) throw isStopped(stopped, aws.region)
    const ready = seen.map((one) => one && withAddress(one, kind))
    const nodes = ready.filter((one) => one !== undefined)
    if (nodes.length === launched.length) return nodes
    if (aws.now() > deadline)
      throw notRunning(
        launched.filter((_, index) => !ready[index]),
        kind,
      )
    await aws.backoff(n, { firstMs: 1000, maxMs: 5000 })
  }
}

/** Undefined until it runs and has its addresses. */
function withAddress(machine: Ec2Machine, kind: 'public' | 'private'): LaunchedNode | undefined {
  const { state, publicAddress, privateAddress } = machine
  const address = kind === 'public' ? publicAddress : privateAddress
  if (state !== 'running' || !address || !privateAddress) return undefined
  return { ...machine, address, privateAddress }
}

/** For example Client.VolumeLimitExceeded, or a KMS key that may not be used. */
function endedAtStart({ id, instance, reason }: Ec2Machine): TmError {
  const message = `${id} (${instance}) terminated while it was starting: ${reason ?? 'EC2 does not say why'}`
  return new TmError('failed', message, {
    suggestions: [suggest`When that is fixed: ${tm('up')}`],
  })
}

/** Somebody has stopped it: whether it shall run, they decide. */
function isStopped({ id, instance }: Ec2Machine, region: string): TmError {
  return new TmError('failed', `${id} (${instance}) is stopped`, {
    suggestions: [
      `Start it: aws ec2 start-instances --region ${region} --instance-ids ${instance}`,
      suggest`Then: ${tm('up')}`,
    ],
  })
}

function notRunning(machines: Ec2Machine[], kind: 'public' | 'private'): TmError {
  const which = machines.map(({ id, instance }) => `${id} (${instance})`).join(', ')
  return new TmError('failed', `${which}: not running with a ${kind} address after 5 minutes`, {
    suggestions: [suggest`Wait for it: ${tm('up')}`],
  })
}
