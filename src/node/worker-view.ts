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
  /** Bytes that its disk has left, if it takes no tasks of jobs because they are too few. */
  diskLeft?: number
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
