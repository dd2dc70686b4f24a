/** Refuses shared files that would be where an input or an output of a task is. Pure. */
import { TmError } from '../../../core/errors.ts'
import { placeInputs } from '../../../kinds/command/input-files.ts'
import type { Job } from '../../../kinds/command/job.ts'
import { fill, namesIn } from '../../../kinds/command/placeholders.ts'
import { clashes, isIn } from '../../../kinds/command/shared.ts'
import type { TaskValues } from '../values.ts'

const isGlob = (pattern: string) => /[*?[\]{}]/.test(pattern)

/**
 * Throws `invalid`. A glob, or a folder around a shared file, may be an output: what is shared is
 * never taken for one.
 */
export function refuseSharedCollisions(
  { input, outputs, shared = [] }: Pick<Job, 'input' | 'outputs' | 'shared'>,
  tasks: TaskValues[],
): void {
  if (shared.length === 0) return
  const names = shared.map(({ name }) => name)
  for (const task of tasks) {
    const { values } = task
    for (const path of inputPaths(input, task)) {
      const taken = names.find((name) => clashes(name, path))
      if (taken !== undefined) throw collision(taken, `the input ${path}`)
    }
    for (const { name: template } of outputs) {
      if (namesIn(template).some((name) => values[name] === undefined)) continue
      const output = fill(template, values).replace(/^(\.\/+)+|\/+$/g, '')
      const meant = isGlob(output) ? undefined : names.find((name) => isIn(output, name))
      if (meant !== undefined) throw collision(meant, `the output ${output}`)
    }
  }
}

/** Where the inputs of a task are in the folder of its command. */
function inputPaths(input: Job['input'], { files = [], inPlace, values }: TaskValues): string[] {
  if (inPlace) return []
  if (input === 'files') return placeInputs(files).map(({ path }) => path)
  return input === 'file' && values.name !== undefined ? [values.name] : []
}

function collision(name: string, other: string): TmError {
  return new TmError('invalid', `The shared file ${name} would be where ${other} is`, {
    suggestions: ['Give it another name: --file PATH:NAME, --dir PATH:NAME'],
  })
}
