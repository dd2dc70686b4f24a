/** What was thrown as an error of tm, and an error as a terminal shows it. */
import { chalkStderr } from 'chalk'
import { messageOf, type RenderedError, TmError } from '../../core/errors.ts'
import { type UsageProblem, usageError } from '../usage/usage-error.ts'
import { happened } from './ending.ts'

/** oclif's own errors are about flags and arguments, or only carry an exit code. */
export function asTmError(thrown: Error & { oclif?: { exit?: number }; code?: string }): TmError {
  if (thrown instanceof TmError) return thrown
  if (thrown.code === 'EEXIT') throw thrown
  if (thrown.name === 'ExitPromptError' || thrown.name === 'AbortPromptError') {
    if (thrown.message.includes('SIGINT')) happened.interruptedBy = 'SIGINT'
    return new TmError('failed', 'Nothing was done: the question was not answered')
  }
  if (thrown.oclif?.exit === 2) return usageError(thrown as UsageProblem)
  return new TmError('failed', messageOf(thrown), { cause: thrown })
}

export function describeError({ message, suggestions = [] }: RenderedError): string {
  const fixes = suggestions.map((suggestion) => `  → ${suggestion}`)
  return [`${chalkStderr.red('Error:')} ${message}`, ...fixes].join('\n')
}
