/** Messages between a worker and its spawner: one JSON object per line, in both directions. */

import type { Stream, StreamLimits } from './stream-limits.ts'

export interface Start {
  start: number
  /** A program and its arguments. */
  argv: string[]
  /** The complete environment. */
  env: Record<string, string>
  /** Marks every process of this attempt: an environment variable that children inherit. */
  tag: string
  cwd: string
  /** Number of the user and group that it runs as; those of the spawner if undefined. */
  user?: number
  /** Files. No stdin if undefined. */
  stdin?: string
  stdout: string
  stderr: string
  /** The most that each of them may have. */
  limits: StreamLimits
  /** Processors, and bytes of memory (0 if nobody has said): for its control group. */
  cpus: number
  memory: number
  /** Milliseconds. No limit if undefined. */
  timeout?: number
  /** Milliseconds between SIGTERM and SIGKILL. */
  grace: number
}

/** Ends the whole tree of a command. */
export interface Stop {
  stop: number
}

export type Request = Start | Stop

/** A command has ended, and with it all processes that it started. */
export interface Ended {
  ended: number
  exit?: number
  signal?: string
  timedOut?: boolean
  /** It was killed, because it wrote too much there. */
  tooLarge?: Stream
  /** It did not start, and why. */
  error?: string
  /** Wall-clock milliseconds since the epoch. */
  beganAt: number
  /** Milliseconds. */
  took: number
  /** What it used; absent where it is not known. */
  userMs?: number
  systemMs?: number
  peakMemory?: number
  /** What it used is what its control group has counted. */
  exact?: true
  /** The kernel has ended it, because there was no more memory: of its own, or of the whole machine. */
  outOfMemory?: 'own' | 'machine'
  /** Processes that still ran after the command itself had ended. */
  leftBehind: number
}
