/** Merges the results of many nodes, newest first, with at most one page per node in memory. */
import type { Client, Result, Task } from './client.ts'
import type { RequestOptions } from './transport.ts'

/** A node: this one, or one over the network. */
export interface ResultSource {
  results(page: {
    limit: number
    cursor?: number
  }): Promise<{ results: Result[]; next?: number | undefined }>
  /** Those of the tasks that the node knows. */
  lookup(ids: string[]): Promise<Task[]>
}

type ResultClient = Pick<Client, 'listResults' | 'lookupTasks' | 'markPulled'>

/** The results of a node over the network. */
export function resultsOf(client: ResultClient, options: RequestOptions = {}): ResultSource {
  return {
    results: (query) => client.listResults({ query, ...options }),
    lookup: async (ids) => (await client.lookupTasks({ json: { ids }, ...options })).tasks,
  }
}

/** Marks results as pulled, `pageSize` per request. */
export async function markPulled(
  client: ResultClient,
  ids: string[],
  options: RequestOptions = {},
): Promise<void> {
  for (let start = 0; start < ids.length; start += pageSize) {
    await client.markPulled({ json: { ids: ids.slice(start, start + pageSize) }, ...options })
  }
}

export interface NewestOptions {
  /** How many results, 1 or more. */
  top: number
  /** A source did not answer; `partly` if earlier pages came. The other sources go on. */
  onMissing: (source: number, error: unknown, partly: boolean) => void
}

/** Results per request, and per page returned. */
const pageSize = 1000

/**
 * Two nodes may have accepted the same task, if the client did not receive the first node's answer.
 * Only its earliest result counts, so each page is checked for earlier results on other nodes.
 */
export async function* newestResults(
  sources: ResultSource[],
  { top, onMissing }: NewestOptions,
): AsyncGenerator<Result[]> {
  const readers = sources.map((source, index) =>
    createReader(source, Math.min(pageSize, top), (error, partly) =>
      onMissing(index, error, partly),
    ),
  )
  for (let left = top; left > 0; ) {
    const merged = await takeNewest(readers, Math.min(pageSize, left))
    if (merged.length === 0) return
    const page = await withoutSuperseded(merged, sources)
    left -= page.length
    if (page.length > 0) yield page
  }
}

interface Reader {
  /** The newest result that was not taken; undefined before `fill` or at the end. */
  head(): Result | undefined
  take(): Result
  /** Loads the next page if all results of the last one were taken. */
  fill(): Promise<void>
}

function createReader(
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

async function withoutSuperseded(merged: Merged[], sources: ResultSource[]): Promise<Result[]> {
  const superseded = new Set<Merged>()
  const askOne = async (asked: ResultSource, index: number) => {
    const others = Map.groupBy(
      merged.filter(({ source }) => source !== index),
      ({ result }) => result.id,
    )
    if (others.size === 0) return
    // A source that does not answer does not show its result either.
    for (const task of await asked.lookup([...others.keys()]).catch(() => [])) {
      for (const other of others.get(task.id) ?? []) {
        if (isEarlier(task, index, other)) superseded.add(other)
      }
    }
  }
  await Promise.all(sources.map(askOne))
  return merged.filter((one) => !superseded.has(one)).map(({ result }) => result)
}

/** If both ended in the same millisecond, the result of the first source counts as earlier. */
function isEarlier(
  { state, completedAt }: Task,
  index: number,
  { result, source }: Merged,
): boolean {
  if (state !== 'succeeded' || completedAt === undefined) return false
  if (completedAt !== result.completedAt) return completedAt < result.completedAt
  return index < source
}
