/** Writes the input of an attempt into the folder of its command. */
import { mkdirSync, writeFileSync } from 'node:fs'
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
}

/** The arguments that `{in}` stands for if the task has several files. Names never lead out of `cwd`. */
export function writeInputs({ input, body, values, cwd, stdin }: InputOptions): string[] {
  if (input === 'stdin') writeFileSync(stdin, body)
  if (input === 'file') writeFileSync(join(cwd, fileName(values.name ?? '')), body, readOnly)
  return input === 'files' ? writeFiles(body, cwd) : []
}

function writeFiles(body: Lease['body'], cwd: string): string[] {
  const frames = readFrames(body)
  const headers = frames.map(({ header }) => header as InputHeader)
  const inPlace = headers.flatMap(({ path }) => path ?? [])
  if (inPlace.length === frames.length) return inPlace
  const places = placeInputs(headers.map(({ name }) => String(name)))
  for (const [at, { path }] of places.entries()) {
    const file = join(cwd, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, (frames[at] as { body: Lease['body'] }).body, readOnly)
  }
  return places.map(({ argument }) => argument)
}

/** Of the frame of each file: its name, or the path of one that is read where it is. */
interface InputHeader {
  name?: string
  path?: string
}
