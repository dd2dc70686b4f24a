/**
 * Limits for what a command writes to stdout and stderr: these files must not fill the disk of a worker,
 * which other commands need. They are looked at while the command runs, so a disk may get as much more
 * as it takes in {@link lookEveryMs}.
 */
import { statSync } from 'node:fs'
import type { Job } from '../../../kinds/command/job.ts'

export type Stream = 'stdout' | 'stderr'

/** Bytes. */
export type StreamLimits = Record<Stream, number>

/** For a stream that is no output, or of which only a part is kept. */
const shownLimit = 1024 ** 3

export function streamLimits(
  job: Pick<Job, 'stdout' | 'stderr' | 'maxStdout' | 'maxOutput'>,
): StreamLimits {
  const shown = Math.max(shownLimit, job.maxOutput)
  return {
    stdout: job.stdout && job.maxStdout === undefined ? job.maxOutput : shown,
    stderr: job.stderr ? job.maxOutput : shown,
  }
}

const lookEveryMs = 100

export interface WatchOptions {
  files: Record<Stream, string>
  limits: StreamLimits
  onTooLarge: (stream: Stream) => void
}

/** Returns what ends the watch. */
export function watchStreams({ files, limits, onTooLarge }: WatchOptions): () => void {
  const timer = setInterval(() => {
    const large = (['stdout', 'stderr'] as const).find((one) => sizeOf(files[one]) > limits[one])
    if (!large) return
    clearInterval(timer)
    onTooLarge(large)
  }, lookEveryMs)
  return () => clearInterval(timer)
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}
