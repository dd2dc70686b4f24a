/**
 * Launches the instance of a machine: repeats one ClientToken until AWS says yes or no, then tries the
 * next placement with the next attempt number.
 */

import { RunInstancesCommand } from '@aws-sdk/client-ec2'
import { TmError } from '../../../core/errors.ts'
import { again, suggest } from '../../../core/suggestions.ts'
import type { AwsContext } from '../aws/context.ts'
import { AwsTmError } from '../aws/failure.ts'
import { type Ec2Machine, isLeaving, listInstances, readInstance } from './instances.ts'
import type { Intents } from './intents.ts'
import {
  createFullPlacements,
  type FullPlacements,
  type Placement,
  placements,
} from './placements.ts'
import { type Order, runInput } from './run-input.ts'
import { packUserData } from './user-data.ts'

/** What counts when another machine is placed. */
export type Placed = Pick<Ec2Machine, 'id' | 'kind' | 'node' | 'type' | 'zone' | 'spot'>

export interface Runner {
  aws: AwsContext
  cluster: string
  intents: Intents
  full: FullPlacements
  /** Launched, and not listed yet: by id of the instance. */
  launched: Map<string, Ec2Machine>
  /** Where machines are being launched now, by their id: others that are launched meanwhile spread around them. */
  placing: Map<string, Placed>
}

export function createRunner(options: Pick<Runner, 'aws' | 'cluster' | 'intents'>): Runner {
  return { ...options, full: createFullPlacements(), launched: new Map(), placing: new Map() }
}

/** For one placement: the profile takes about 10 s to propagate, throttling may take longer. */
const deadlineMs = 2 * 60_000
/** Within this time EC2 lists the instance of an earlier call with this token. */
const listedWithinMs = 30_000
/** Tokens that earlier clusters of this name may have used up. */
const maxAttempts = 100

/** The instance of this machine: a running one if it exists, or a new one. */
export async function runInstance(runner: Runner, order: Order): Promise<Ec2Machine> {
  try {
    return await launch(runner, order)
  } finally {
    runner.placing.delete(order.id)
  }
}

async function launch(runner: Runner, order: Order): Promise<Ec2Machine> {
  const { cluster, intents, aws } = runner
  const userData = packUserData(order.bootScript)
  const listed = await listInstances(aws, { cluster })
  const earlier = listed.filter(({ id }) => id === order.id)
  const alive = earlier.find((one) => !isLeaving(one))
  if (alive) {
    await intents.done(order.id, alive.instance)
    return alive
  }
  const free = 1 + Math.max(-1, ...earlier.map(({ attempt }) => attempt))
  // Also a completed intent: its instance may not be listed yet, and the same call returns it.
  const intent = await intents.last(order.id)
  const repeated = intent && intent.attempt >= free ? intent : undefined
  let attempt = repeated?.attempt ?? free
  const last = attempt + maxAttempts
  const machines = withLaunched(runner, listed)
  const candidates = placementsFor(runner, order, machines, repeated?.placement)
  let lastError: AwsTmError | undefined

  for (const placement of candidates) {
    const { id, kind, node } = order
    runner.placing.set(id, { id, kind, ...(node ? { node } : {}), ...placement })
    for (; attempt <= last; attempt += 1) {
      await intents.begin({ slot: order.id, attempt, placement })
      const made = await tryOnce(runner, { ...order, userData }, attempt, placement)
      if (made instanceof AwsTmError) {
        if (made.row.kind === 'token') continue
        runner.full.add(placement, aws.now())
        lastError = made
        attempt += 1
        break
      }
      if (isLeaving(made)) continue
      await intents.done(order.id, made.instance)
      runner.launched.set(made.instance, made)
      return made
    }
  }
  throw noCapacity(order, candidates, lastError)
}

/** The placement of a repeated call comes first, even if it is full: that call may have succeeded. */
function placementsFor(
  { full, aws }: Runner,
  { shape, zoneOffset = 0, node }: Order,
  machines: Placed[],
  first?: Placement,
): Placement[] {
  const { types, subnets, spot, onDemandFallback = false } = shape
  const now = aws.now()
  const home = machines.find(({ id, kind }) => kind === 'node' && id === node)?.zone
  const workers = machines.filter(({ kind }) => kind === 'worker')
  const pick = { types, subnets, spot, onDemandFallback, zoneOffset, home }
  const own = workers.filter((one) => one.node === node)
  const all = placements(node === undefined ? pick : { ...pick, workers, own })
  const isFirst = (one: Placement) =>
    one.type === first?.type && one.subnet === first.subnet && one.spot === first.spot
  const rest = all.filter((one) => !isFirst(one) && !full.has(one, now))
  return [...all.filter(isFirst), ...rest]
}

/** The machines that run or start, those included that EC2 does not list yet. */
function withLaunched({ launched, placing }: Runner, listed: Ec2Machine[]): Placed[] {
  for (const { instance } of listed) launched.delete(instance)
  const there = [...listed, ...launched.values()].filter((one) => !isLeaving(one))
  return [...there, ...placing.values()]
}

/** The instance, or the error for which to try another placement or attempt. Throws other errors. */
async function tryOnce(
  { aws, cluster }: Runner,
  order: Order & { userData: string },
  attempt: number,
  placement: Placement,
): Promise<Ec2Machine | AwsTmError> {
  const input = runInput(cluster, order, attempt, placement)
  try {
    const answer = await aws.call(new RunInstancesCommand(input), {
      doing: `launching ${order.id} (${describePlacement(placement)})`,
      type: placement.type,
      spot: placement.spot,
      deadlineMs,
    })
    return readInstance(answer.Instances?.[0] ?? {})
  } catch (error) {
    if (!(error instanceof AwsTmError)) throw error
    const { kind, verdict } = error.row
    // The call may have succeeded, and its answer was lost.
    const mayExist =
      kind === 'server' ||
      kind === 'unreachable' ||
      error.failure.code === 'IdempotentParameterMismatch'
    const machine = mayExist ? await waitUntilListed(aws, cluster, order.id) : undefined
    if (machine) return machine
    // What is on demand has a quota of its own.
    const elsewhere = kind === 'quota' && placement.spot && order.shape.onDemandFallback
    if (verdict === 'elsewhere' || elsewhere) return error
    throw error
  }
}

async function waitUntilListed(
  aws: AwsContext,
  cluster: string,
  id: string,
): Promise<Ec2Machine | undefined> {
  return await aws.until(async () => {
    const all = await listInstances(aws, { cluster })
    return all.find((one) => one.id === id && !isLeaving(one))
  }, listedWithinMs)
}

function noCapacity({ id, shape }: Order, tried: Placement[], cause?: AwsTmError): TmError {
  const places = tried.map(describePlacement).join(', ')
  const what = places
    ? `AWS has no capacity for ${places}`
    : 'AWS had no capacity in any zone a moment ago'
  return new TmError('failed', `${id} was not launched: ${what}`, {
    ...(cause ? { cause } : {}),
    suggestions: [
      'Name more types: --instance-type and --worker-type take a list',
      ...(shape.spot && !shape.onDemandFallback
        ? ['Or run on demand where spot has none: --on-demand-fallback']
        : []),
      'Or use another region: --region',
      suggest`Then: ${again}`,
    ],
  })
}

function describePlacement({ type, zone, spot }: Placement): string {
  return `${spot ? 'spot ' : ''}${type} in ${zone}`
}
