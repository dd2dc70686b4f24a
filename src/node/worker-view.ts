/** What a node knows of a worker: what it reports, and what the node shows of it. */
import type { Isolation } from '../core/isolation.ts'
import type { Resources } from '../core/resources.ts'
import type { SetupState } from '../core/setup.ts'

/**
 * preparing: the setup of its machine runs. lost: the node has not heard from it for longer than a
 * lease.
 */
export type WorkerState = 'starting' | 'preparing' | 'idle' | 'busy' | 'draining' | 'lost'

export interface WorkerView {
  id: string
  state: WorkerState
  slots: number
  /** Tasks that it holds leases on. */
  running: number
  pid?: number
  /** It takes no tasks of jobs meanwhile. */
  diskFull?: true
  /** Each command runs as a user of its own. */
  ownUsers?: true
  isolation?: Isolation
  /** Its setup, while it runs. */
  preparing?: NonNullable<SetupState['running']>
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
  /** Cost of tasks without a job that one of its slots does in a millisecond. */
  rate?: number | undefined
  ownUsers?: boolean | undefined
  isolation?: Isolation | undefined
  /** Undefined for a worker on a machine that others use, too: that is never set up. */
  setup?: SetupState | undefined
}
