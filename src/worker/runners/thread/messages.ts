/**
 * Messages between a slot and its thread. A message has many tasks or results in a few pieces of
 * memory, because a message with a thousand objects takes longer than a thousand small tasks.
 */
import type { Outcome } from '../../outcome.ts'
import type { ThreadKind } from './work.ts'

export interface ThreadData {
  kind: ThreadKind
  /** Shared memory with the cells of `signals`. */
  flags: SharedArrayBuffer
}

/** Consecutive tasks, with their bodies in one piece of memory. */
export interface Batch {
  /** The number of the first task, unique in this slot. The next tasks have the next numbers. */
  first: number
  /** Neighbours with the same work share an entry. */
  specs: unknown[]
  /** The entry of each task. */
  specOf: number[]
  costs: number[]
  sizes: number[]
  bodies: Uint8Array<ArrayBuffer>
}

export interface Progress {
  /** The numbers of tasks that succeeded. `results` has their results in the same order. */
  succeeded: number[]
  resultSizes: number[]
  results: Uint8Array<ArrayBuffer>
  others: { serial: number; outcome: Exclude<Outcome, { kind: 'succeeded' }> }[]
  /** The cost of these tasks and the time they took, to estimate the slot's rate. */
  cost: number
  ms: number
}

/** Cells of the shared memory that a running task checks. */
export const signals = { cancelled: 0, draining: 1, aborting: 2 } as const
