/**
 * What a slot and its thread say to each other: many tasks and many results at a time, as a few pieces
 * of memory, for a message with a thousand objects costs more than a thousand small tasks.
 */

/** Tasks that follow each other, and their bodies as one piece. */
export interface Batch {
  /** The number of the first one, unique in this slot; the others have the next ones. */
  first: number
  iterations: number[]
  sizes: number[]
  bodies: Uint8Array<ArrayBuffer>
}

/** `stopped`: it was cancelled, or not begun before the slot was told to drain. */
export type Ending =
  | { kind: 'succeeded'; result: Uint8Array }
  | { kind: 'failed'; error: string }
  | { kind: 'stopped' }

export interface Progress {
  /** Numbers of tasks that succeeded, and their results in the same order, one after the other. */
  succeeded: number[]
  results: Uint8Array<ArrayBuffer>
  others: { serial: number; ending: Exclude<Ending, { kind: 'succeeded' }> }[]
  /** Blocks done and the milliseconds that took, for the estimate of this slot's rate. */
  work: number
  ms: number
}

/** Cells of the shared memory with which a running job is reached. */
export const signals = { cancelled: 0, draining: 1, aborting: 2 } as const
