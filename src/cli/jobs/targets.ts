/** Where the outputs of each task go on this machine. Pure. */
import { join, normalize, sep } from 'node:path'
import { TmError } from '../../core/errors.ts'
import type { Job } from '../../kinds/command/job.ts'
import { fill, namesIn, type Template } from '../../kinds/command/placeholders.ts'
import { inputName, type TaskValues } from './values.ts'

/** What names are only known when the command has ended. */
const isOpen = (name: string) => /[*?[\]{}]/.test(name) || name.endsWith('/')

/**
 * The template of the folder for each task. Outputs whose names are not known beforehand may be named
 * alike, so each task gets a folder of its own unless `--to` already gives it one.
 */
export function folderTemplate(to: Template, job: Pick<Job, 'outputs'>, many: boolean): Template {
  const texts = job.outputs.flatMap(({ name }) => name).filter((part) => typeof part === 'string')
  const isTold = namesIn(to).length > 0
  if (!many || isTold || !texts.some(isOpen)) return to
  return [...to, sep, { value: 'n' }]
}

/** A path inside `folder`. Throws `invalid`, since a name may come from a worker. */
export function targetOf(folder: string, name: string): string {
  const path = normalize(name)
  if (path.startsWith('/') || path.split(sep).includes('..')) {
    throw new TmError('invalid', `The output ${name} would lie outside of ${folder}`)
  }
  return join(folder, path)
}

/** Throws `invalid` if two tasks would write the same file. */
export function refuseCollisions(
  folder: Template,
  job: Pick<Job, 'outputs' | 'stdout' | 'stderr'>,
  tasks: TaskValues[],
): void {
  const templates = [...job.outputs.map(({ name }) => name), job.stdout, job.stderr]
  const owners = new Map<string, TaskValues>()
  for (const task of tasks) {
    for (const template of templates) {
      if (!template) continue
      const name = fillLate(template, task.values)
      if (name === undefined || isOpen(name)) continue
      const target = targetOf(fill(folder, task.values), name)
      // Some file systems do not tell capital letters apart.
      const key = target.toLowerCase()
      const owner = owners.get(key)
      if (owner) throw collision(target, owner, task)
      owners.set(key, task)
    }
  }
}

/** Undefined if only the worker knows a value. */
function fillLate(template: Template, values: Record<string, string>): string | undefined {
  const isKnown = namesIn(template).every((name) => values[name] !== undefined)
  return isKnown ? fill(template, values) : undefined
}

function collision(target: string, one: TaskValues, other: TaskValues): TmError {
  const nameOf = (task: TaskValues) => inputName(task) ?? `task ${task.values.n}`
  const both = one === other ? nameOf(one) : `${nameOf(one)} and ${nameOf(other)}`
  return new TmError('invalid', `Two outputs would be ${target}: of ${both}`, {
    suggestions: [
      "Give each its own name or folder, such as --out '{stem}.txt', --out '{n}.txt' or --to 'out/{n}'",
    ],
  })
}
