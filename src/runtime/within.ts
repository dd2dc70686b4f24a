/** Puts an end to work that may never end by itself. */

export interface Limits {
  /** How long the work may take. */
  ms: number
  /** Ends the work early; its reason is thrown. */
  signal?: AbortSignal | undefined
  /** The error when the time is over. */
  late: () => Error
  /** How long work that is told to stop may take to stop by itself. */
  graceMs?: number
}

/** setTimeout fires at once for anything longer. */
const longestMs = 2 ** 31 - 1

/**
 * The result of `work`, which gets a signal that says when to stop. Does not depend on its doing so:
 * when the time is over or the signal is aborted, this throws, and whatever `work` returns later is
 * dropped.
 */
export async function within<T>(
  { ms, signal, late, graceMs = 0 }: Limits,
  work: (stop: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted()
  const stop = new AbortController()
  const given = Promise.withResolvers<never>()
  let grace: NodeJS.Timeout | undefined
  const end = (reason: unknown) => {
    stop.abort(reason)
    grace = setTimeout(() => given.reject(reason), graceMs)
  }
  const onAbort = () => end(signal?.reason)
  signal?.addEventListener('abort', onAbort, { once: true })
  const timer = setTimeout(() => end(late()), Math.min(ms, longestMs))
  try {
    return await Promise.race([work(stop.signal), given.promise])
  } catch (error) {
    throw stop.signal.aborted ? stop.signal.reason : error
  } finally {
    clearTimeout(timer)
    clearTimeout(grace)
    signal?.removeEventListener('abort', onAbort)
  }
}
