/** The results of many nodes as one list, newest first, read page by page: no more than a page of each is in memory. */
import type { Result, Task } from '../core/task.ts'

/** A node, asked over the network or from within. */
export interface ResultSource {
  results(page: { limit: number; cursor?: number }): Promise<{ results: Result[]; next?: number }>
  /** The known ones among these tasks. */
  lookup(ids: string[]): Promise<Task[]>
}

export interface NewestOptions {
  /** How many results, 1 or more. */
  top: number
  /** A source did not answer; `partly` when it had before. The others go on. */
  onMissing: (source: number, error: unknown, partly: boolean) => void
}

/** Results in one request, and in one page that is given. */
const pageSize = 1000

/**
 * A task that two nodes accepted (its client never heard the first one's answer) has one visible
 * result: the earliest. So of every page it is asked whether another node was done earlier.
 */
export async function* newestResults(
  sources: ResultSource[],
  { top, onMissing }: NewestOptions,
): AsyncGenerator<Result[]> {
  const readers = sources.map((source, index) =>
    reading(source, Math.min(pageSize, top), (error, partly) => onMissing(index, error, partly)),
  )
  for (let left = top; left > 0; ) {
    const merged = await takeNewest(readers, Math.min(pageSize, left))
    if (merged.length === 0) return
    const page = await withoutOvertaken(merged, sources)
    left -= page.length
    if (page.length > 0) yield page
  }
}

interface Reader {
  /** The newest result that was not taken yet. */
  head(): Result | undefined
  take(): Result
  /** Resolves when `head` is the newest, or nothing is left. */
  fill(): Promise<void>
}

function reading(
  source: ResultSource,
  limit: number,
  onMissing: (error: unknown, partly: boolean) => void,
): Reader {
  let page: Result[] = []
  let taken = 0
  let cursor: number | undefined
  let more = true
  return {
    head: () => page[taken],
    take: () => page[taken++] as Result,
    async fill() {
      if (taken < page.length || !more) return
      try {
        const answer = await source.results(cursor === undefined ? { limit } : { limit, cursor })
        page = answer.results
        taken = 0
        more = answer.next !== undefined
        cursor = answer.next
      } catch (error) {
        more = false
        onMissing(error, cursor !== undefined)
      }
    },
  }
}

interface Merged {
  result: Result
  source: number
}

async function takeNewest(readers: Reader[], count: number): Promise<Merged[]> {
  const merged: Merged[] = []
  while (merged.length < count) {
    if (readers.some((reader) => reader.head() === undefined)) {
      await Promise.all(readers.map((reader) => reader.fill()))
    }
    const source = newestOf(readers)
    const reader = readers[source]
    if (!reader) break
    merged.push({ result: reader.take(), source })
  }
  return merged
}

function newestOf(readers: Reader[]): number {
  let newest = -1
  let at = Number.NEGATIVE_INFINITY
  for (const [index, reader] of readers.entries()) {
    const head = reader.head()
    if (head && head.completedAt > at) {
      newest = index
      at = head.completedAt
    }
  }
  return newest
}

async function withoutOvertaken(merged: Merged[], sources: ResultSource[]): Promise<Result[]> {
  const overtaken = new Set<Merged>()
  const askOne = async (asked: ResultSource, index: number) => {
    const others = Map.groupBy(
      merged.filter(({ source }) => source !== index),
      ({ result }) => result.id,
    )
    if (others.size === 0) return
    // One that can't be asked can't show its result either.
    for (const task of await asked.lookup([...others.keys()]).catch(() => [])) {
      for (const other of others.get(task.id) ?? []) {
        if (isEarlier(task, index, other)) overtaken.add(other)
      }
    }
  }
  await Promise.all(sources.map(askOne))
  return merged.filter((one) => !overtaken.has(one)).map(({ result }) => result)
}

/** Of two results of one millisecond, the one of the first source counts as the earlier. */
function isEarlier(
  { state, completedAt }: Task,
  index: number,
  { result, source }: Merged,
): boolean {
  if (state !== 'succeeded' || completedAt === undefined) return false
  if (completedAt !== result.completedAt) return completedAt < result.completedAt
  return index < source
}
