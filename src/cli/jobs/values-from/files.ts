/** Tasks from files, one each or many in one, and the values of a file: parts of its name, as text. */
import { basename, dirname, extname, resolve } from 'node:path'
import { TmError } from '../../../core/errors.ts'
import { asArgument, placeInputs } from '../../../kinds/command/input-files.ts'
import type { TaskValues } from './task-values.ts'

/** Linux takes 2 MiB of arguments and variables for one program, on most machines. */
const maxArgumentBytes = 1024 ** 2

export interface FileOptions {
  /** How many files a task has; each has one if undefined. */
  perTask?: number | undefined
  /** `{in}` is the path of the file itself in place of a copy. */
  inPlace?: boolean
}

/** Throws `invalid` if no program could take so many names. */
export function fileTasks(files: string[], { perTask, inPlace }: FileOptions): TaskValues[] {
  if (perTask === undefined) return files.map(inPlace ? taskInPlace : fileTask)
  const count = Math.ceil(files.length / perTask)
  return Array.from({ length: count }, (_, at) => {
    const some = files.slice(at * perTask, (at + 1) * perTask)
    if (!inPlace) {
      refuseLong(placeInputs(some).map(({ argument }) => argument))
      return { files: some, values: {} }
    }
    const paths = some.map((file) => resolve(file))
    refuseLong(paths)
    return { files: paths, inPlace, values: {} }
  })
}

function refuseLong(files: string[]): void {
  const bytes = files.reduce((sum, argument) => sum + Buffer.byteLength(argument) + 9, 0)
  if (bytes <= maxArgumentBytes) return
  const message = `The names of ${files.length} files are too long for one command`
  throw new TmError('invalid', message, { suggestions: ['Give a smaller --per-task'] })
}

function fileTask(file: string): TaskValues {
  const name = basename(file)
  const ext = extname(name)
  const values = {
    in: asArgument(name),
    name,
    stem: ext === '' ? name : name.slice(0, -ext.length),
    ext: ext.slice(1),
    dir: dirname(file),
    path: file,
  }
  return { file, values }
}

/** The command runs in another folder, so the path begins at the root. */
function taskInPlace(file: string): TaskValues {
  const { values } = fileTask(file)
  return { file, inPlace: true, values: { ...values, in: resolve(file) } }
}
