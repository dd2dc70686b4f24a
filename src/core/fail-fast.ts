/**
 * When a job is paused because its tasks fail: by default if the first ten failed alike, since the next
 * thousand would do so too. Pure.
 */

/** What a node has seen of a job. A task has failed when it is not run again. */
export interface Failures {
  /** Whether any of its tasks has ever succeeded. */
  hasSucceeded: boolean
  /** Tasks that failed since the job began, or went on. */
  failed: number
  /** What these have in common; undefined if there are none, or if they differ. */
  alike?: string | undefined
}

export const firstAlike = 10

/** `reason` is equal for failures that are alike. */
export function withFailure(seen: Failures, reason: string): Failures {
  const isSame = seen.failed === 0 || seen.alike === reason
  return { ...seen, failed: seen.failed + 1, alike: isSame ? reason : undefined }
}

export interface PauseRule {
  /** So many failed tasks pause the job, whatever else has succeeded. Replaces the default rule. */
  failFast?: number | undefined
  /** Of the last failed task. */
  error: string
}

/** Why the job is to be paused; undefined if it is not. */
export function whyPaused(seen: Failures, { failFast, error }: PauseRule): string | undefined {
  const { failed } = seen
  const last = firstLine(error)
  if (failFast !== undefined) {
    if (failed < failFast) return undefined
    return failed === 1 ? `a task failed: ${last}` : `${failed} tasks failed, the last: ${last}`
  }
  if (seen.hasSucceeded || failed < firstAlike || seen.alike === undefined) return undefined
  return `the first ${firstAlike} tasks failed alike: ${last}`
}

const maxLetters = 200

function firstLine(text: string): string {
  const [line = ''] = text.split('\n')
  return line.length > maxLetters ? `${line.slice(0, maxLetters)}…` : line
}
