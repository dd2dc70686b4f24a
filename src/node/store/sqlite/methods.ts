/** The store's methods as the thread has them: synchronous, and what makes them transactions. */
import type { NewTask } from '../../../core/task.ts'
import type { Store } from '../store.ts'

type Sync<T> = {
  [K in Exclude<keyof T, 'close' | 'copyTo'>]: T[K] extends (...args: infer A) => Promise<infer R>
    ? (...args: A) => R
    : never
}

export type StoreMethod = Exclude<keyof Store, 'close' | 'copyTo'>

export interface Engine extends Sync<Store> {
  /** Stores the next part of a large body, before its task. False when all of it is there. */
  storePart(task: NewTask): boolean
  /** Its task will not come. */
  forget(task: NewTask): void
  /** Puts every lease on disk: before the end. */
  keepAll(): void

  /** Around a transaction: what the engine has in memory goes with it. */
  begin(): void
  beforeCommit(): void
  committed(): void
  undo(): void
}
