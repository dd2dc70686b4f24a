/**
 * Chance for the faults: the same for the same seed. `TM_FAULT_SEED=N` repeats a run, and every test
 * says its seed when it fails. `TM_FAULTS=long` makes many histories of what are few in `npm test`.
 */
import { onTestFailed } from 'vitest'

export const isLong = process.env.TM_FAULTS === 'long'

export interface Chance {
  /** A whole number from 0, below `end`. */
  below(end: number): number
  /** True once in so many times. */
  once(times: number): boolean
  pick<T>(list: readonly T[]): T
}

/** Call it in the test: it is told of the seed when it fails. */
export function newSeed(): number {
  const given = process.env.TM_FAULT_SEED
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given)
  onTestFailed(() => {
    process.stderr.write(`To see this again: TM_FAULT_SEED=${seed}\n`)
  })
  return seed
}

/** Numbers from a seed (mulberry32). */
export function chanceOf(seed: number): Chance {
  let state = seed | 0
  function next(): number {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (end: number) => Math.floor(next() * end)
  return {
    below,
    once: (times) => below(times) === 0,
    pick: <T>(list: readonly T[]) => list[below(list.length)] as T,
  }
}
