/** What a node knows of a worker: what it reports, and what the node shows of it. */
import type { Resources } from '../core/resources.ts'

/** lost: the node has not heard from it for longer than a lease. */
export type WorkerState = 'starting' | 'idle' | 'busy' | 'draining' | 'lost'

export interface WorkerView {
  id: string
  state: WorkerState
  slots: number
  /** Tasks that it holds leases on. */
  running: number
  pid?: number
  /** It takes no tasks of jobs meanwhile. */
  diskFull?: true
  /** Wall-clock milliseconds since the epoch. */
  launchedAt: number
}

/** What a worker reports with every heartbeat. */
export interface Heartbeat {
  slots: number
  running: number
  draining: boolean
  pid?: number | undefined
  /** What it has for tasks of jobs. */
  capacity?: Resources | undefined
}
