/** Says why only one worker runs a job, if that lasts. */

const afterMs = 5000

/** `end` is called when a task has succeeded, and when nobody waits any more. */
export function canaryNotice(say: (text: string) => void): { end: () => void } {
  const timer = setTimeout(() => {
    say(
      'One worker tries the job first: others follow once a task has succeeded (all at once: --no-canary)',
    )
  }, afterMs)
  return { end: () => clearTimeout(timer) }
}
