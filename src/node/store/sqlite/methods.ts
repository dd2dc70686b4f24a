/** The store's methods as the thread has them: synchronous, and with the counts they keep. */
import type { Store } from '../store.ts'
import type { Counters } from './counters.ts'

type Sync<T> = {
  [K in Exclude<keyof T, 'close'>]: T[K] extends (...args: infer A) => Promise<infer R>
    ? (...args: A) => R
    : never
}

export interface Engine extends Sync<Store> {
  /** Counted in memory: `count(*)` over a million rows takes 25 ms. */
  counters: Counters
}
