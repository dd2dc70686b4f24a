/** A question on the terminal that ends unanswered when the command is to end. */

/** What the prompts of inquirer take besides the question itself. */
export interface QuestionContext {
  output: NodeJS.WritableStream
  signal: AbortSignal
}

/**
 * Rejects if `signal` is aborted, at Ctrl-C, and at Ctrl-D, for which inquirer would wait for ever. The
 * terminal is then as it was before.
 */
export async function ask<T>(
  question: (context: QuestionContext) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const unanswered = new AbortController()
  const end = () => unanswered.abort()
  const onKey = (_: string, key?: { name?: string; ctrl?: boolean }) => {
    if (key?.ctrl && key.name === 'd') end()
  }
  process.stdin.on('keypress', onKey).once('end', end)
  try {
    const either = AbortSignal.any([signal, unanswered.signal])
    return await question({ output: process.stderr, signal: either })
  } finally {
    process.stdin.off('keypress', onKey).off('end', end)
  }
}
