/** A slot runs tasks, one at a time. A runner creates slots for one kind of work. */
import type { Client } from '../../api/client.ts'
import type { Resources, Room } from '../../core/resources.ts'
import type { Lease } from '../../core/task.ts'
import type { Outcome } from '../outcome.ts'
import type { ReportQueue } from '../report-queue.ts'

/** An attempt whose lease this worker holds. */
export interface RunningTask {
  id: string
  attempt: number
  kind: string
  cost: number
  /** The node that gave the lease, and the queue of reports to it. */
  node: Client
  reports: ReportQueue
  /** How far it is, as renewals of its lease tell the node; undefined until it says that. */
  sign?: () => { beganAt: number; line: string }
}

export interface Assignment {
  task: RunningTask
  lease: Lease
}

export interface Slot {
  /** Estimated milliseconds until all its tasks are done. */
  load(): number
  /** Measured units of cost per millisecond. */
  rate(): number
  /** The same, once it has been measured for a while. */
  measuredRate?(): number | undefined
  run(assignments: Assignment[]): void
  /** Stops the task if it runs, otherwise skips it. */
  cancel(task: RunningTask): void
  /** Finishes the running task and skips the others. */
  drain(): void
  /** Stops the running task. */
  abort(): void
  close(): Promise<void>
}

export interface SlotOptions {
  /** `mayWaitMs`: how long the report may wait for others. */
  onEnd(task: RunningTask, outcome: Outcome, mayWaitMs?: number): void
}

/** Runs tasks of jobs, as many at a time as there is room for. */
export interface Pool {
  /** What it has for further tasks beside this many in slots; undefined if it wants none. */
  room(inSlots: number): Room | undefined
  /** Processors that its tasks use, or are about to use. */
  cpus(): number
  run(assignments: Assignment[]): void
  /** Stops the task if it runs, otherwise skips it. */
  cancel(task: RunningTask): void
  /** Lets running tasks go on and skips the others. */
  drain(): void
  /** Stops all running tasks. */
  abort(): void
  close(): Promise<void>
}

export interface PoolOptions extends SlotOptions {
  /** What the worker has for its tasks, now. */
  total: () => Resources
}

export interface PoolRunner {
  createPool(options: PoolOptions): Pool
}

export interface Runner {
  createSlot(options: SlotOptions): Slot
}

/** By kind of work. */
export type Runners = Readonly<Record<string, Runner>>
