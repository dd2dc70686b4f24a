/**
 * The values of each task of a job, by placeholder: from files, lines, objects, numbers or a sweep.
 * Pure but for the names of files, which are only looked at as text.
 */
import { TmError } from '../../core/errors.ts'
import { arrayTasks } from './values-from/array.ts'
import { type FileOptions, fileTasks } from './values-from/files.ts'
import { jsonTasks } from './values-from/json.ts'
import { type Columns, lineTasks } from './values-from/lines.ts'
import { sweepTasks } from './values-from/sweep.ts'
import { inputName, inputsOf, type TaskValues } from './values-from/task-values.ts'

export { inputName, inputsOf, type TaskValues }

/** Where the tasks of a job come from. */
export interface ValueSources extends FileOptions {
  files: string[]
  lines?: string[] | undefined
  /** How to split the lines. */
  columns?: Columns | undefined
  /** JSON lines, or an array of objects. */
  json?: string | undefined
  /** `1-1000`, `0-100:10` */
  array?: string | undefined
  /** `lr=0.1,0.01`, `seed=1..5` */
  sweeps: string[]
  /** Sweeps pair their values in place of every combination. */
  zip?: boolean
  times?: number | undefined
}

/** Throws `invalid`: no source, more than one, or one that can't be read. */
export function valuesFrom(sources: ValueSources): TaskValues[] {
  const {
    files,
    perTask,
    inPlace = false,
    lines,
    columns,
    json,
    array,
    sweeps,
    zip = false,
    times,
  } = sources
  const given: TaskValues[][] = [
    ...(files.length > 0 ? [fileTasks(files, { perTask, inPlace })] : []),
    ...(lines === undefined ? [] : [lineTasks(lines, columns)]),
    ...(json === undefined ? [] : [jsonTasks(json)]),
    ...(array === undefined ? [] : [arrayTasks(array)]),
    ...(sweeps.length > 0 ? [sweepTasks(sweeps, zip)] : []),
  ]
  const [tasks, second] = given
  if (second) {
    throw new TmError('invalid', 'A job takes its tasks from one place', {
      suggestions: ['Give files, or --each-line, --each-json, --array or --sweep'],
    })
  }
  if (tasks ? tasks.length === 0 : times === undefined) {
    throw new TmError('invalid', 'There is nothing to run the command for', {
      suggestions: [
        'Name files behind the command, or give --each-line, --each-json, --array, --sweep or --times',
      ],
    })
  }
  const repeated = Array.from({ length: times ?? 1 }, () => tasks ?? [{ values: {} }]).flat()
  return repeated.map((task, index) => ({
    ...task,
    values: { n: String(index + 1), ...task.values },
  }))
}

/** The names of all values that any of the tasks has. */
export function namesOfValues(tasks: TaskValues[]): Set<string> {
  const names = new Set<string>()
  for (const { values } of tasks) for (const name of Object.keys(values)) names.add(name)
  return names
}
