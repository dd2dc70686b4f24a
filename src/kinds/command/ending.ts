/**
 * How an attempt of a command ended: a part of the result of one that succeeded, and of the report of
 * one that failed.
 */
import type { KeptText } from '../../core/task.ts'
import type { FailureReason } from './job.ts'

export interface Ending {
  /** Why it failed; absent for success. */
  reason?: FailureReason
  exit?: number
  /** The name of the signal that ended it. */
  signal?: string
  /** When the command began: wall-clock milliseconds since the epoch. */
  beganAt?: number
  /** Milliseconds that the command ran. */
  ran?: number
  /** What the command and the processes that it started used, as far as it is known. */
  userMs?: number
  systemMs?: number
  /** Bytes. */
  peakMemory?: number
  /** The kernel has counted it. Otherwise it is about that. */
  exact?: true
}

/** The most bytes of each stream that a failed attempt leaves behind. */
export const keptTextBytes = 64 * 1024

/** The most bytes of the last line of a running command. */
export const lastLineBytes = 200

/** The most bytes of each stream that move at once while somebody looks. */
export const liveTextBytes = 64 * 1024

/** What a worker reports of an attempt of a command that failed, besides its error. */
export interface FailedAttempt {
  ending: Ending
  stdout: KeptText
  stderr: KeptText
}
