/** How a command ends: the one place that turns what happened into an exit code or a signal. */

export interface Happened {
  /** What the command says about its work: 0 if all of it was done. */
  code: number
  /** Whether it changes something. Then its exit code is about that, whether anybody reads or not. */
  changes: boolean
  /** The first signal that asked it to end. */
  interruptedBy?: NodeJS.Signals | undefined
  /** Why standard output did not take all of the output. */
  outputError?: string | undefined
}

/** What is known so far of this process, which runs one command. */
export const happened: Happened = { code: 0, changes: false }

export type Ending = { code: number } | { signal: NodeJS.Signals }

/** `cat` ends in the same way: by SIGPIPE when nobody reads, with 1 when its output can't be written. */
export function endingOf({ code, changes, interruptedBy, outputError }: Happened): Ending {
  if (interruptedBy) return { signal: interruptedBy }
  if (code !== 0 || outputError === undefined) return { code }
  if (outputError !== 'EPIPE') return { code: 1 }
  return changes ? { code } : { signal: 'SIGPIPE' }
}
