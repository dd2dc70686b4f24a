/** What a node keeps, as five interfaces on one engine. `open.ts` opens it. */
import type { JobStore } from './job-store.ts'
import type { NodeDocuments } from './node-documents.ts'
import type { SharedStore } from './shared-store.ts'
import type { Snapshots } from './snapshots.ts'
import type { TaskStore } from './task-store.ts'

export interface Store {
  tasks: TaskStore
  jobs: JobStore
  shared: SharedStore
  documents: NodeDocuments
  snapshots: Snapshots
  /** Answers calls under way, then closes. Later calls are rejected. */
  close(): Promise<void>
}
