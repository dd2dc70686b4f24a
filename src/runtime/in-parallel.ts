/**
 * Calls `work` for each item, for up to `limit` items at once, and takes the next item only when there
 * is a place for it. Throws the first error, and then takes no more.
 */
export async function inParallel<T>(
  items: AsyncIterable<T> | Iterable<T>,
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>()
  let failure: { error: unknown } | undefined
  for await (const item of items) {
    const mine = work(item)
      .catch((error) => {
        failure ??= { error }
      })
      .finally(() => running.delete(mine))
    running.add(mine)
    if (running.size >= limit) await Promise.race(running)
    if (failure) break
  }
  await Promise.all(running)
  if (failure) throw failure.error
}
