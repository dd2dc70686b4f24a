/** What a node keeps of a worker, and how it shows it. Pure. */
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
  /** Steady milliseconds: since when this process knows of it. */
  addedAt: number
  /** Steady milliseconds: its launch or first listing, later its last sign of life. */
  heardAt: number
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

export function viewOf(
  { id, launchedAt, machine, heartbeat }: Worker,
  state: WorkerState,
): WorkerView {
  const pid = machine?.pid ?? heartbeat?.pid
  const { slots = 0, running = 0, capacity, setup, ownUsers } = heartbeat ?? {}
  return {
    id,
    state,
    slots,
    running,
    launchedAt,
    ...(pid ? { pid } : {}),
    ...(capacity?.disk === 0 ? { diskFull: true } : {}),
    ...(ownUsers ? { ownUsers } : {}),
    ...(setup?.running ? { preparing: setup.running } : {}),
  }
}
