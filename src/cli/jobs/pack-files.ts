/** Puts the files of a task that has several into one body: a frame each, with its name. */
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { writeFrames } from '../../api/frames.ts'
import { formatBytes } from '../../core/bytes.ts'
import { TmError } from '../../core/errors.ts'
import { suggest, tm } from '../../core/suggestions.ts'
import { type ReadOptions, readTaskFile } from '../tasks/files.ts'

/** Throws like `readTaskFile`, and `too_large` for all of them together, before it reads them. */
export async function packFiles(
  files: string[],
  reading: ReadOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const options = { ...reading, isOnly: false }
  const sizes = await Promise.all(files.map(sizeOf))
  refuseLarge(files.length, sum(sizes), options.maxBody)
  const bodies: Uint8Array<ArrayBuffer>[] = []
  for (const file of files) bodies.push(await readTaskFile(file, options))
  const packed = writeFrames(
    files.map((file, at) => {
      const body = bodies[at] as Uint8Array<ArrayBuffer>
      const header = JSON.stringify({ name: basename(file) })
      return { header, size: body.length, write: (target) => target.set(body) }
    }),
  )
  refuseLarge(files.length, packed.length, options.maxBody)
  return packed
}

/** Nothing for a file that can't be read: its reader says why. */
async function sizeOf(file: string): Promise<number> {
  return await stat(file).then(
    ({ size }) => size,
    () => 0,
  )
}

function refuseLarge(files: number, bytes: number, maxBody: number): void {
  if (bytes <= maxBody) return
  const what = `The ${files} files have ${formatBytes(bytes)} together`
  throw new TmError('too_large', `${what}, over the limit of ${formatBytes(maxBody)}`, {
    suggestions: [
      suggest`Give a smaller --per-task, or raise the limit: ${tm('up', { 'max-body': 'SIZE' })}`,
    ],
  })
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, one) => total + one, 0)
}
