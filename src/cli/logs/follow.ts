/** Prints the last lines of a log and, if wanted, what is added, until its machine has ended. */
import { until } from '../../runtime/until.ts'
import type { LogSource } from './log-source.ts'

export interface FollowOptions {
  lines: number
  follow: boolean
  print: (lines: string[]) => void
}

const pauseMs = 250

/** Returns whether the machine has ended. */
export async function readOut(
  source: LogSource,
  { lines, follow, print }: FollowOptions,
): Promise<boolean> {
  let { lines: shown, next, ended } = await source.last(lines)
  print(shown)
  if (!follow || ended) return ended
  await until(
    async () => {
      const part = await source.after(next)
      print(part.lines)
      next = part.next
      ended = part.ended && part.lines.length === 0
      return ended
    },
    { pauseMs, share: 0.2 },
  )
  return ended
}
