/**
 * What a failed `tm up` leaves running, what that costs, and the command that ends it: added to every
 * error after something may have been created.
 */
import { messageOf, TmError } from '../../../core/errors.ts'
import { type Suggestion, suggest, tm } from '../../../core/suggestions.ts'
import { dollars } from '../../../core/text.ts'
import type { ClusterState } from '../../../state/cluster-state.ts'
import type { AwsContext } from '../aws/context.ts'
import { hourlyCost } from '../machines/cost.ts'
import { type Ec2Machine, isLeaving, listInstances } from '../machines/instances.ts'
import { listVolumes, type Volume } from '../machines/volumes.ts'
import { readIntents } from './journal.ts'

/** AWS gets this long to say what runs: the error is more important. */
const deadlineMs = 5000

export async function withRunning(
  error: unknown,
  { aws, cluster, state }: { aws: AwsContext; cluster: string; state: ClusterState },
): Promise<unknown> {
  if (aws.signal?.aborted) return error
  const { code, message, suggestions } = asTmError(error)
  const running = await listLaunched(aws, cluster, state)
    .then(async (machines) => describeRunning(machines, await listVolumes(aws, { cluster })))
    .catch(() => describeLaunched(state))
  return new TmError(code, message, { suggestions: [...suggestions, running], cause: error })
}

/**
 * All machines, with those that were launched a moment ago: EC2 may not list them yet (EC2 API,
 * eventual consistency). Throws if it still does not when the time is over.
 */
async function listLaunched(
  aws: AwsContext,
  cluster: string,
  state: ClusterState,
): Promise<Ec2Machine[]> {
  const launched = (state.read()?.nodes ?? []).flatMap(({ instance = [] }) => instance)
  const deadline = aws.now() + deadlineMs
  for (let n = 0; ; n += 1) {
    const machines = await listInstances(aws, { cluster, deadlineMs })
    const listed = new Set(machines.map(({ instance }) => instance))
    if (launched.every((one) => listed.has(one))) return machines
    if (aws.now() > deadline) throw new Error('EC2 does not list what was launched')
    await aws.backoff(n, { firstMs: 200, maxMs: 1000 })
  }
}

function asTmError(error: unknown): TmError {
  return error instanceof TmError
    ? error
    : new TmError('failed', messageOf(error), { cause: error })
}

export function describeRunning(all: Ec2Machine[], volumes: Volume[]): Suggestion {
  const machines = all.filter((machine) => !isLeaving(machine))
  if (machines.length === 0) {
    return suggest`No machine runs, so nothing is charged. Remove what was created: ${tm('down')}`
  }
  const which = machines.map(({ id, instance }) => `${id} (${instance})`).join(', ')
  const cost = hourlyCost(machines, volumes)
  const price = cost === undefined ? 'at an unknown price' : `for ${dollars(cost)} $/h`
  return suggest`Running now, ${price}: ${which}. End it: ${tm('down')}`
}

/** From what this machine remembers, when AWS can't be asked. */
export function describeLaunched(state: ClusterState): Suggestion {
  const nodes = state.read()?.nodes ?? []
  const intents = readIntents(state) ?? []
  const launched = nodes.flatMap(({ id, instance }) => {
    if (instance) return [`${id} (${instance})`]
    // Its launch was sent, and its answer has not arrived.
    return intents.some(({ slot }) => slot === id) ? [`${id} (if AWS has launched it)`] : []
  })
  return launched.length === 0
    ? suggest`No machine was launched yet. Remove what was created: ${tm('down')}`
    : suggest`Launched so far, and charged: ${launched.join(', ')}. End it: ${tm('down')}`
}
