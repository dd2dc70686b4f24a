/** How long an idle worker stays under the target policy. Pure. All durations are milliseconds. */
import type { Timing } from './target.ts'

/** So far back it counts how often work has come. */
export const recentMs = 600_000

/**
 * A worker that leaves too early costs another boot, one that stays too long its idle time: staying for as
 * long as a boot is paid for costs at most twice the best choice (ski rental: Karlin et al., 1988,
 * "Competitive snoopy caching"). What came once is most likely a batch, after which nothing comes: a
 * quarter of it.
 */
export function stayMs(
  { paidBoot, leastPaid }: Pick<Timing, 'paidBoot' | 'leastPaid'>,
  { recentStarts, ranMs }: { recentStarts: number; ranMs: number },
): number {
  const idle = recentStarts > 1 ? paidBoot : paidBoot / 4
  return Math.max(idle, leastPaid - ranMs)
}
