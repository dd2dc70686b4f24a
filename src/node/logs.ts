/** The last lines of the logs of this node and its workers, also of workers that have ended. */
import { createTail, type Tail, type TailPart } from '../runtime/tail.ts'

export interface LogQuery {
  count: number
  after?: number | undefined
}

export type Logs = ReturnType<typeof createLogs>

/** Together at most 20 MB. */
const maxWorkers = 100
const linesPerWorker = 100

export function createLogs(node: string, own: Tail) {
  const workers = new Map<string, Tail>()
  return {
    /** What a worker has sent. The workers that were heard of longest ago are forgotten. */
    add(worker: string, lines: string[]): void {
      if (lines.length === 0) return
      const tail = workers.get(worker) ?? createTail(linesPerWorker)
      for (const line of lines) tail.add(line)
      workers.delete(worker)
      workers.set(worker, tail)
      const [oldest] = workers.keys()
      if (workers.size > maxWorkers && oldest !== undefined) workers.delete(oldest)
    },

    /** Undefined for a machine that this node knows nothing of. */
    read: (id: string, query: LogQuery): TailPart | undefined =>
      (id === node ? own : workers.get(id))?.read(query),
  }
}
