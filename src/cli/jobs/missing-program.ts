/** Says how a program that workers on EC2 do not have gets there. Pure. */
import { TmError } from '../../core/errors.ts'
import { suggest, tm } from '../../core/suggestions.ts'
import { printable } from '../output/terminal.ts'

/** What a shell (XCU 2.8.2), or the one that starts programs, says of one that it does not find. */
const isNotFound = /^(exit 127\b|it did not start:.*\bENOENT\b)/

/** Undefined if no task failed for that. */
export function missingProgram(failed: { error: string }[], job: number): TmError | undefined {
  const first = failed.find(({ error }) => isNotFound.test(error))
  if (!first) return undefined
  const message = `The workers do not have a program: ${printable(first.error)}`
  return new TmError('failed', message, {
    suggestions: [
      suggest`Install it on all workers: ${tm('up', { packages: 'NAMES' })}, or a script: ${tm('up', { setup: 'FILE' })}`,
      suggest`Then: ${tm('retry', {}, String(job))}`,
    ],
  })
}
