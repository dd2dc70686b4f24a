/** What a node keeps of a worker, and how it shows it. Pure. */
import type { Moment } from '../core/clock.ts'
import type { Machine } from '../provider/provider.ts'
import type { Life } from './launch-failures.ts'
import type { Heartbeat, WorkerState, WorkerView } from './worker-view.ts'

export interface Worker extends Life {
  machine: Machine | undefined
  /** Undefined until it has joined. */
  heartbeat: Heartbeat | undefined
  /** The node told it to stop. */
  leaving: boolean
  launchedAt: number
  /**
   * Only of a worker that this process launches. `queued`: its launch has not begun. Steady milliseconds
   * otherwise: when it did.
   */
  launch?: 'queued' | number
  /** Steady milliseconds: its launch or first listing, later its last sign of life. */
  heardAt: number
}

/** Until then it has waited for others. */
export function beginLaunch(worker: Worker, { wall, steady }: Moment): void {
  Object.assign(worker, { launch: steady, heardAt: steady, launchedAt: wall })
}

/** `now` and `lease` in milliseconds, steady. */
export function workerState(
  { heartbeat, leaving, heardAt }: Pick<Worker, 'heartbeat' | 'leaving' | 'heardAt'>,
  now: number,
  lease: number,
): WorkerState {
  if (leaving || heartbeat?.draining) return 'draining'
  if (!heartbeat) return 'starting'
  if (now - heardAt > lease) return 'lost'
  if (heartbeat.setup?.running) return 'preparing'
  return heartbeat.running > 0 ? 'busy' : 'idle'
}

/**
 * It did not join in time, or has been silent for two leases: another worker gets its place. `now` in
 * steady milliseconds.
 */
export function isOverdue(
  { launch, heartbeat, heardAt, leaving }: Worker,
  now: number,
  { lease, bootTimeout }: { lease: number; bootTimeout: number },
): boolean {
  if (leaving || launch === 'queued') return false
  return now - heardAt > (heartbeat ? 2 * lease : bootTimeout)
}

/** Who ends first: those that were not launched yet, then those that do nothing yet, or nothing now. */
const endFirst: WorkerState[][] = [['starting', 'preparing'], ['idle'], ['lost'], ['busy']]

/** Those that stay, in the order in which they end; the oldest first among equals. */
export function inDrainOrder(
  workers: Iterable<Worker>,
  stateOf: (worker: Worker) => WorkerState,
): Worker[] {
  const rank = (worker: Worker) =>
    worker.launch === 'queued'
      ? -1
      : endFirst.findIndex((states) => states.includes(stateOf(worker)))
  return [...workers]
    .filter((worker) => stateOf(worker) !== 'draining')
    .sort((a, b) => rank(a) - rank(b))
}

export function viewOf(
  { id, launchedAt, machine, heartbeat }: Worker,
  state: WorkerState,
): WorkerView {
  const pid = machine?.pid ?? heartbeat?.pid
  const { slots = 0, running = 0, capacity, setup, ownUsers, isolation } = heartbeat ?? {}
  return {
    id,
    state,
    slots,
    running,
    launchedAt,
    ...(pid ? { pid } : {}),
    ...(capacity?.disk === 0 ? { diskFull: true } : {}),
    ...(ownUsers ? { ownUsers } : {}),
    ...(isolation ? { isolation } : {}),
    ...(setup?.running ? { preparing: setup.running } : {}),
  }
}
