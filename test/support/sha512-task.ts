/** Tasks of the kind sha512, as tests write them. */
import { v7 } from 'uuid'
import { packTasks } from '../../src/api/new-tasks.ts'
import type { AcceptedTask, Lease } from '../../src/core/task.ts'
import { accept, kinds } from '../../src/kinds/kinds.ts'

export interface Sha512Task {
  id?: string
  iterations?: number
  body?: Uint8Array<ArrayBuffer>
}

export function sha512Task(task: Sha512Task = {}): AcceptedTask {
  const { id = v7(), iterations = 1, body = new Uint8Array([1]) } = task
  return accept(kinds, { id, kind: 'sha512', spec: { iterations }, body })
}

export function iterationsOf({ spec }: Pick<Lease, 'spec'>): number {
  return (spec as { iterations: number }).iterations
}

/** A batch for `enqueueTasks`. */
export function packSha512(tasks: (Sha512Task | AcceptedTask)[]): Uint8Array<ArrayBuffer> {
  return packTasks(tasks.map((task) => ('kind' in task ? task : sha512Task(task))))
}
