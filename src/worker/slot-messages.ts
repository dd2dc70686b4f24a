/** What a slot and its thread say to each other. */
import { concat } from '../core/frames.ts'

export interface Job {
  /** Unique in this slot: how the main thread names a job to cancel. */
  serial: number
  iterations: number
  body: Uint8Array<ArrayBuffer>
}

/** `stopped`: it was cancelled, or not begun before the slot was told to drain. */
export type Outcome =
  | { serial: number; kind: 'succeeded'; result: Uint8Array }
  | { serial: number; kind: 'failed'; error: string }
  | { serial: number; kind: 'stopped' }

export interface Progress {
  outcomes: Outcome[]
  /** Blocks done and the milliseconds that took, for the estimate of this slot's rate. */
  work: number
  ms: number
}

/** Cells of the shared memory with which a running job is reached. */
export const signals = { cancelled: 0, draining: 1, aborting: 2 } as const

type Without<O> = O extends unknown ? Omit<O, 'serial'> : never
/** What became of a lease. */
export type Ending = Without<Outcome>

/** Many small pieces as views of one memory, which is sent in no time: each of its own costs a µs. */
export function together(pieces: Uint8Array[]) {
  const memory = concat(pieces)
  let at = 0
  const views = pieces.map(({ length }) => {
    at += length
    return memory.subarray(at - length, at)
  })
  return { memory, views }
}
