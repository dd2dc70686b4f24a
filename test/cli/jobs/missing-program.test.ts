/** When a job failed because workers lack a program. */
import { expect, it } from 'vitest'
import { missingProgram } from '../../../src/cli/jobs/missing-program.ts'

it.each([
  'exit 127: sh: line 1: ffmpeg: command not found',
  'it did not start: spawn ffmpeg ENOENT',
])('%s: it says how to install it', (error) => {
  const said = missingProgram([{ error: 'exit 1: bad file' }, { error }], 7)
  expect(said?.message).toBe(`The workers do not have a program: ${error}`)
  expect(said?.suggestions).toHaveLength(2)
})

it.each(['exit 1: ENOENT: no such file', 'exit 12', 'it was ended by SIGKILL'])(
  '%s: nothing of that',
  (error) => {
    expect(missingProgram([{ error }], 7)).toBeUndefined()
  },
)
