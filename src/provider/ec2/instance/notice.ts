/** What a worker does with the time between the notice of AWS and the end of its spot instance. Pure. */
import type { Stop } from '../../../worker/stop.ts'

/** AWS gives two minutes (EC2 User Guide, Spot Instance interruption notices). */
const noticeMs = 120_000
/** So long before the end, commands are told to end. */
const tellBeforeMs = 30_000
/** To report, and to hand back what has not ended. */
const lastWordsMs = 5000

/** `notice`: JSON with the `time` of the end. `now`: wall-clock milliseconds. */
export function stopBefore(notice: string, now: number): Stop {
  const leftMs = Math.max(0, endOf(notice, now) - now)
  const finishWithinMs = Math.max(0, leftMs - tellBeforeMs)
  const endWithinMs = Math.max(0, leftMs - finishWithinMs - lastWordsMs)
  return { why: 'AWS is about to reclaim its machine', finishWithinMs, endWithinMs }
}

/** If it can't be read, AWS said so a moment ago. */
function endOf(notice: string, now: number): number {
  try {
    const end = Date.parse(String((JSON.parse(notice) as { time?: unknown }).time))
    if (Number.isFinite(end)) return Math.min(end, now + noticeMs)
  } catch {
    // As if it named no time.
  }
  return now + noticeMs - 2 * lastWordsMs
}
