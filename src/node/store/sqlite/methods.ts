/** The store's methods inside its thread: the same, but synchronous. */
import type { AcceptedTask } from '../../../core/task.ts'
import type { JobStore } from '../job-store.ts'
import type { NodeDocuments } from '../node-documents.ts'
import type { SharedStore } from '../shared-store.ts'
import type { TaskStore } from '../task-store.ts'

type Sync<T> = {
  [K in keyof T]: T[K] extends (...args: infer A) => Promise<infer R> ? (...args: A) => R : never
}

export type StoreMethod = keyof TaskStore | keyof JobStore | keyof SharedStore | keyof NodeDocuments

export interface Engine extends Sync<TaskStore & JobStore & SharedStore & NodeDocuments> {
  /** Stores the next part of a large body, before its task. False if all parts are stored. */
  storePart(task: AcceptedTask): boolean
  /** Drops the parts of a body whose task was not stored. */
  forget(task: AcceptedTask): void
  /** Persists every lease that is only in memory: before the database is closed. */
  persistAll(): void
}
