import { setTimeout as sleep } from 'node:timers/promises'
import { type BackoffLimits, backoffMs } from '../core/backoff.ts'

export interface RetryOptions {
  /** How many times to try again after the first failure. */
  retries: number
  backoff: BackoffLimits
  /** Whether to retry after this error. Retries after all errors if undefined. */
  isPassing?: (error: unknown) => boolean
  /** Ends the pauses between tries. A running `work` has to watch it itself. */
  signal?: AbortSignal | undefined
}

/** Calls `work` until it succeeds, with growing pauses; throws the last error. */
export async function retry<T>(
  work: (retriesLeft: number) => Promise<T>,
  { retries, backoff, isPassing = () => true, signal }: RetryOptions,
): Promise<T> {
  for (let n = 0; ; n += 1) {
    try {
      return await work(retries - n)
    } catch (error) {
      if (n >= retries || signal?.aborted || !isPassing(error)) throw error
      await sleep(backoffMs(n, backoff), undefined, { signal })
    }
  }
}
