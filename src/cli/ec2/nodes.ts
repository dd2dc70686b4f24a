/**
 * The step of `tm up` that launches the nodes, each by one RunInstances, and waits until they run
 * and have their addresses. What happens on them comes later.
 */
import { TmError } from '../../core/errors.ts'
import { type Ec2Machine, isLeaving, listInstances } from '../../provider/ec2/instances.ts'
import type { Intents } from '../../provider/ec2/intents.ts'
import { backoff } from '../../provider/ec2/pace.ts'
import { createFullPlaces } from '../../provider/ec2/placements.ts'
import { runInstance } from '../../provider/ec2/run.ts'
import type { Infrastructure, Site } from './infrastructure.ts'

export interface LaunchOptions extends Site {
  infrastructure: Infrastructure
  /** node-1, node-2 … */
  ids: string[]
  bootScript: (id: string) => string
  intents: Intents
}

export interface LaunchedNode extends Ec2Machine {
  publicAddress: string
  privateAddress: string
}

/** A pending instance runs, or has ended with a reason, well within this. Milliseconds. */
const startTimeout = 5 * 60_000

/** Only launches the nodes that are not there; the answer has all of `ids`, in that order. */
export async function launchNodes(options: LaunchOptions): Promise<LaunchedNode[]> {
  const { aws, cluster, pace, reporter, intents, infrastructure, ids } = options
  const runner = { aws, cluster, pace, intents, full: createFullPlaces() }
  const launched: Ec2Machine[] = []
  for (const [turn, id] of ids.entries()) {
    const machine = await reporter.step(`instance ${turn + 1}`, async (note) => {
      const bootScript = options.bootScript(id)
      const shape = infrastructure.shapes.node
      const made = await runInstance(runner, { id, kind: 'node', shape, bootScript, turn })
      note(`${made.instance}, ${made.type} in ${made.zone}`)
      return made
    })
    launched.push(machine)
  }
  return await reporter.step('public addresses', async (note) => {
    const nodes = await waitForAddresses(options, launched)
    note(nodes.map(({ publicAddress }) => publicAddress).join(', '))
    return nodes
  })
}

async function waitForAddresses(
  { aws, cluster, pace }: LaunchOptions,
  launched: Ec2Machine[],
): Promise<LaunchedNode[]> {
  const deadline = pace.now() + startTimeout
  for (let n = 0; ; n += 1) {
    const listed = await listInstances(aws, { cluster }, pace)
    const seen = launched.map((one) => listed.find(({ instance }) => instance === one.instance))
    const ended = seen.find((one) => one !== undefined && isLeaving(one))
    if (ended) throw endedAtStart(ended)
    const ready = seen.filter(isReady)
    if (ready.length === launched.length) return ready
    if (pace.now() > deadline)
      throw notRunning(launched.filter((_, index) => !isReady(seen[index])))
    await pace.sleep(backoff(n, pace.random(), { first: 1000, most: 5000 }), pace.signal)
  }
}

function isReady(machine: Ec2Machine | undefined): machine is LaunchedNode {
  return machine?.state === 'running' && !!machine.publicAddress && !!machine.privateAddress
}

/** For example Client.VolumeLimitExceeded, or a key of KMS that may not be used. */
function endedAtStart({ id, instance, reason }: Ec2Machine): TmError {
  const message = `${id} (${instance}) ended at its start: ${reason ?? 'EC2 does not say why'}`
  return new TmError('failed', message, {
    suggestions: ['When that is mended: tm up', 'Or remove what there is: tm down'],
  })
}

function notRunning(machines: Ec2Machine[]): TmError {
  const which = machines.map(({ id, instance }) => `${id} (${instance})`).join(', ')
  return new TmError('failed', `${which}: not running with a public address after 5 minutes`, {
    suggestions: ['Wait for it: tm up', 'Or remove what there is: tm down'],
  })
}
