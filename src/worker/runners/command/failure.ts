/** How an attempt of a command failed, in words, and whether its task runs again. Pure. */
import { formatBytes, writeBytes } from '../../../core/bytes.ts'
import { describeDuration } from '../../../core/duration.ts'
import type { FailureReason, Job } from '../../../kinds/command/job.ts'
import type { Ended } from './messages.ts'
import type { StreamLimits } from './stream-limits.ts'

export interface Failure {
  reason: FailureReason
  exit?: number
  /** In words. */
  what: string
  /** What helps, if nothing is done about it anyhow. */
  way?: string
  /** It had less than it said that it needs: others have taken it. */
  isOfMachine?: true
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
  if (outOfMemory) return outOfMemoryFailure(ended, job.needs?.memory ?? 0)
  if (signal !== undefined) return { reason: 'signal', what: `it was ended by ${signal}` }
  if (exit === undefined || job.okExit.includes(exit)) return undefined
  // What a shell says when it finds no such program, or one that it may not run (XCU 2.8.2).
  if (exit === 126 || exit === 127) return { reason: 'start', exit, what: `exit ${exit}` }
  return { reason: 'exit', exit, what: `exit ${exit}` }
}

/** `limit`: bytes; 0 if nobody has said what it needs. */
function outOfMemoryFailure({ outOfMemory, peakMemory }: Ended, limit: number): Failure {
  if (limit > 0 && outOfMemory === 'own') {
    const mib = 1024 ** 2
    const [from, upTo] = [limit, 4 * limit].map((bytes) => writeBytes(Math.ceil(bytes / mib) * mib))
    const what = `it used all of its ${formatBytes(limit)} of memory`
    return { reason: 'memory', what, way: `try --memory ${from}..${upTo}` }
  }
  const had = peakMemory === undefined ? '' : ` when it had ${formatBytes(peakMemory)}`
  const what = `its machine had no more memory${had}`
  if (limit > 0) return { reason: 'memory', what, isOfMachine: true }
  return { reason: 'memory', what, way: 'say what it needs with --memory' }
}

/**
 * Bytes that the next attempt gets after one that ran out of memory: twice as much, up to what its job allows and
 * to what a worker has. Undefined if that is no more.
 */
export function moreMemory(
  { reason, isOfMachine }: Failure,
  { needs, memoryUpTo = 0 }: Pick<Job, 'needs' | 'memoryUpTo'>,
  mostMemory: number,
): number | undefined {
  const { memory = 0 } = needs ?? {}
  const more = Math.min(2 * memory, memoryUpTo, mostMemory)
  return reason === 'memory' && !isOfMachine && more > memory ? more : undefined
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
