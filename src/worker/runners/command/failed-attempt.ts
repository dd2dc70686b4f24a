/** What is reported of an attempt besides its outcome, so that people can see what it did. */
import type { FailedAttempt } from '../../../kinds/command/ending.ts'
import type { Failure } from './failure.ts'
import type { Ended } from './messages.ts'
import { keptText } from './tail.ts'

export function failedAttempt(
  { reason }: Failure,
  ended: Ended,
  files: { stdout: string; stderr: string },
): FailedAttempt {
  const { exit, signal, took } = ended
  return {
    ending: {
      reason,
      ...(exit === undefined ? {} : { exit }),
      ...(signal === undefined ? {} : { signal }),
      ran: took,
      ...useOf(ended),
    },
    stdout: keptText(files.stdout),
    stderr: keptText(files.stderr),
  }
}

/** When the command began, and what it used, as far as that is known. */
export function useOf({ beganAt, userMs, systemMs, peakMemory, exact }: Ended) {
  return {
    beganAt,
    ...(userMs === undefined ? {} : { userMs }),
    ...(systemMs === undefined ? {} : { systemMs }),
    ...(peakMemory === undefined ? {} : { peakMemory }),
    ...(exact ? { exact } : {}),
  }
}
