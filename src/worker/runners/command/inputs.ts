/** Writes the input of an attempt into the folder of its command. */
import { chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { readFrames } from '../../../api/frames.ts'
import type { Lease } from '../../../core/task.ts'
import { fileName, placeInputs } from '../../../kinds/command/input-files.ts'
import type { Job } from '../../../kinds/command/job.ts'

/** What a command may not change by accident, as it may run again. */
const readOnly = { mode: 0o444 }

export interface InputOptions {
  input: Job['input']
  body: Lease['body']
  values: Readonly<Record<string, string>>
  /** The folder of the command. */
  cwd: string
  /** The file that becomes stdin. */
  stdin: string
  /** Who the files belong to; the user of the worker if undefined. */
  user?: number | undefined
}

/** The arguments that `{in}` stands for if the task has several files. Names never lead out of `cwd`. */
export function writeInputs(options: InputOptions): string[] {
  const { input, body, values, cwd, stdin, user } = options
  if (input === 'stdin') writeFileSync(stdin, body)
  if (input === 'file') writeInput(join(cwd, fileName(values.name ?? '')), body, user)
  return input === 'files' ? writeFiles(options) : []
}

function writeInput(file: string, body: Lease['body'], user: number | undefined): void {
  writeFileSync(file, body, readOnly)
  if (user !== undefined) chownSync(file, user, user)
}

function writeFiles({ body, cwd, user }: InputOptions): string[] {
  const frames = readFrames(body)
  const headers = frames.map(({ header }) => header as InputHeader)
  const inPlace = headers.flatMap(({ path }) => path ?? [])
  if (inPlace.length === frames.length) return inPlace
  const places = placeInputs(headers.map(({ name }) => String(name)))
  for (const [at, { path }] of places.entries()) {
    const file = join(cwd, path)
    const folder = dirname(file)
    const made = mkdirSync(folder, { recursive: true })
    if (made !== undefined && user !== undefined) chownSync(folder, user, user)
    writeInput(file, (frames[at] as { body: Lease['body'] }).body, user)
  }
  return places.map(({ argument }) => argument)
}

/** Of the frame of each file: its name, or the path of one that is read where it is. */
interface InputHeader {
  name?: string
  path?: string
}
