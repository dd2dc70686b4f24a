/** Retries one part of a transfer, so that a broken connection does not end the whole transfer. */
import { isUnreachable } from '../../api/transport.ts'
import { retry } from '../../runtime/retry.ts'

export async function retryTransfer<T>(once: () => Promise<T>): Promise<T> {
  const backoff = { firstMs: 100, maxMs: 5000, factor: 10 }
  return await retry(once, { retries: 3, backoff, isPassing: isUnreachable })
}
