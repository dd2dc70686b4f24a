/**
 * Makes the one instance of a machine: the same ClientToken until AWS has said yes or no, then the
 * next place, and the next attempt number with it.
 */
import { RunInstancesCommand } from '@aws-sdk/client-ec2'
import { TmError } from '../../core/errors.ts'
import type { Aws } from './clients.ts'
import { AwsTmError, retrying } from './errors.ts'
import { type Ec2Machine, isLeaving, listInstances, readInstance } from './instances.ts'
import type { Intents } from './intents.ts'
import { backoff, type Pace } from './pace.ts'
import { type FullPlaces, type Placement, placements } from './placements.ts'
import { type Order, runInput } from './run-input.ts'
import { packUserData } from './user-data.ts'

export interface Runner {
  aws: Aws
  cluster: string
  pace: Pace
  intents: Intents
  full: FullPlaces
}

/** One try of one place: profile propagation takes about 10 s, throttling may take more. */
const patience = 2 * 60_000
/** An instance that an earlier call with this token made shows up within this time. */
const appearance = 30_000
/** Tokens that a cluster of this name has used up before. */
const maxAttempts = 100

/** The instance of this machine; the one that there is, if it has not been told to end. */
export async function runInstance(runner: Runner, order: Order): Promise<Ec2Machine> {
  const { cluster, intents, aws, pace } = runner
  const userData = packUserData(order.bootScript)
  const earlier = (await listInstances(aws, { cluster }, pace)).filter(({ id }) => id === order.id)
  const alive = earlier.find((one) => !isLeaving(one))
  if (alive) {
    await intents.done(order.id, alive.instance)
    return alive
  }
  const free = 1 + Math.max(-1, ...earlier.map(({ attempt }) => attempt))
  // Also one that was answered: its instance may not be listed yet, and is the answer again.
  const intent = await intents.last(order.id)
  const repeated = intent && intent.attempt >= free ? intent : undefined
  let attempt = repeated?.attempt ?? free
  const last = attempt + maxAttempts
  const places = placesFor(runner, order, repeated?.placement)
  let lack: AwsTmError | undefined

  for (const placement of places) {
    for (; attempt <= last; attempt += 1) {
      await intents.begin({ slot: order.id, attempt, placement })
      const made = await tryOnce(runner, { ...order, userData }, attempt, placement)
      if (made instanceof AwsTmError) {
        if (made.row.kind !== 'capacity') continue
        runner.full.add(placement, pace.now())
        lack = made
        attempt += 1
        break
      }
      if (isLeaving(made)) continue
      await intents.done(order.id, made.instance)
      return made
    }
  }
  throw noRoom(order, places, lack)
}

/** The place of the call that is repeated first, whatever is known of it: its answer may be a yes. */
function placesFor({ full, pace }: Runner, order: Order, first?: Placement): Placement[] {
  const { types, subnets } = order.shape
  const now = pace.now()
  const all = placements(types, subnets, order.turn)
  const isFirst = (one: Placement) => one.type === first?.type && one.subnet === first.subnet
  const rest = all.filter((one) => !isFirst(one) && !full.has(one, now))
  return [...all.filter(isFirst), ...rest]
}

/** The instance, or why this very request is hopeless. Everything else is thrown. */
async function tryOnce(
  { aws, cluster, pace }: Runner,
  order: Order & { userData: string },
  attempt: number,
  placement: Placement,
): Promise<Ec2Machine | AwsTmError> {
  const input = runInput(cluster, order, attempt, placement)
  const { type, zone } = placement
  try {
    const answer = await retrying(() => aws.ec2Once.send(new RunInstancesCommand(input)), {
      pace,
      deadline: pace.now() + patience,
      context: {
        doing: `launching ${order.id} (${type} in ${zone})`,
        region: aws.region,
        type,
        spot: order.shape.spot,
      },
    })
    return readInstance(answer.Instances?.[0] ?? {})
  } catch (error) {
    if (!(error instanceof AwsTmError)) throw error
    const { kind, verdict } = error.row
    // An answer that was lost may have been a yes.
    const mayExist =
      kind === 'server' ||
      kind === 'unreachable' ||
      error.failure.code === 'IdempotentParameterMismatch'
    const machine = mayExist ? await appears({ aws, cluster, pace }, order.id) : undefined
    if (machine) return machine
    if (verdict === 'elsewhere') return error
    throw error
  }
}

async function appears(
  { aws, cluster, pace }: Pick<Runner, 'aws' | 'cluster' | 'pace'>,
  id: string,
): Promise<Ec2Machine | undefined> {
  const end = pace.now() + appearance
  for (let n = 0; ; n += 1) {
    const all = await listInstances(aws, { cluster }, pace)
    const found = all.find((one) => one.id === id && !isLeaving(one))
    if (found || pace.now() > end) return found
    await pace.sleep(backoff(n, pace.random(), { first: 1000, most: 5000 }), pace.signal)
  }
}

function noRoom({ id, shape }: Order, tried: Placement[], lack: AwsTmError | undefined): TmError {
  const places = tried.map(({ type, zone }) => `${type} in ${zone}`).join(', ')
  const what = places
    ? `AWS has no room for it now: ${places}`
    : 'every place was full a moment ago'
  return new TmError('failed', `${id} was not launched: ${what}`, {
    ...(lack ? { cause: lack } : {}),
    suggestions: [
      'Name more types: --instance-type, --worker-type take a list',
      ...(shape.spot ? ['Leave out --spot'] : []),
      'Or take another region: --region',
      'Then: tm up',
    ],
  })
}
