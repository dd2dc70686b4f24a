/** Reads what is sent with a task. */
import { type ReadOptions, readTaskFile } from '../tasks/files.ts'
import { nothingOf, pathsOf } from './in-place.ts'
import { packFiles } from './pack-files.ts'
import type { TaskValues } from './values.ts'

/** The file, or several packed into one body; nothing for a task without an input. Throws as files do. */
export async function readInput(
  { file, files, inPlace }: TaskValues,
  reading: ReadOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  if (files) return inPlace ? pathsOf(files) : await packFiles(files, reading)
  if (file === undefined) return new Uint8Array()
  return inPlace ? nothingOf(file) : await readTaskFile(file, reading)
}
