/** How an attempt of a command failed, in words, and whether its task runs again. Pure. */
import { formatBytes } from '../../../core/bytes.ts'
import { describeDuration } from '../../../core/duration.ts'
import type { FailureReason, Job } from '../../../kinds/command/job.ts'
import type { Ended } from './messages.ts'
import type { StreamLimits } from './stream-limits.ts'

export interface Failure {
  reason: FailureReason
  exit?: number
  /** In words. */
  what: string
}

/** EX_TEMPFAIL of sysexits(3): the command itself asks to be run again. */
const temporary = 75
const temporaryRetries = 5

/** Undefined if the command succeeded, as far as its exit code says. */
export function failureOf(
  ended: Ended,
  job: Pick<Job, 'okExit' | 'timeout' | 'needs'> & { limits: StreamLimits },
): Failure | undefined {
  const { exit, signal, timedOut, tooLarge, outOfMemory, error } = ended
  if (error !== undefined) return { reason: 'start', what: `it did not start: ${error}` }
  if (timedOut) {
    const limit = describeDuration(job.timeout ?? 0)
    return { reason: 'timeout', what: `it ran longer than ${limit}` }
  }
  if (tooLarge) {
    const limit = formatBytes(job.limits[tooLarge])
    const way = 'write it into a file, or raise --max-output'
    return { reason: 'output', what: `it wrote over ${limit} to ${tooLarge}: ${way}` }
  }
  if (outOfMemory) return { reason: 'memory', what: outOfMemoryText(ended, job.needs?.memory ?? 0) }
  if (signal !== undefined) return { reason: 'signal', what: `it was ended by ${signal}` }
  if (exit === undefined || job.okExit.includes(exit)) return undefined
  // What a shell says when it finds no such program, or one that it may not run (XCU 2.8.2).
  if (exit === 126 || exit === 127) return { reason: 'start', exit, what: `exit ${exit}` }
  return { reason: 'exit', exit, what: `exit ${exit}` }
}

/** `limit`: bytes; 0 if nobody has said what it needs. */
function outOfMemoryText({ peakMemory }: Ended, limit: number): string {
  if (limit > 0) {
    const twice = formatBytes(2 * limit).replace(' ', '')
    return `it used all of its ${formatBytes(limit)} of memory: try --memory ${twice}`
  }
  const had = peakMemory === undefined ? '' : ` when it had ${formatBytes(peakMemory)}`
  return `its machine had no more memory${had}: say what it needs with --memory`
}

/** `failures`: how many earlier attempts have failed. */
export function runsAgain(
  { reason, exit }: Failure,
  { retries, retryOn }: Pick<Job, 'retries' | 'retryOn'>,
  failures: number,
): boolean {
  if (exit === temporary) return failures < Math.max(retries, temporaryRetries)
  const counts =
    !retryOn || retryOn.includes(reason) || (exit !== undefined && retryOn.includes(exit))
  return counts && failures < retries
}
