/** Reading the files that become tasks, one bounded piece at a time; what is wrong with one is named. */
import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { formatBytes } from '../../core/bytes.ts'
import { messageOf, TmError } from '../../core/errors.ts'
import { concat } from '../../core/frames.ts'

/** How a file is named on the command line to mean standard input. */
export const stdin = '-'

/** The whole file. Throws `too_large` before reading what can't be sent, `failed` for the rest. */
export async function readTaskFile(
  file: string,
  maxBody: number,
): Promise<Uint8Array<ArrayBuffer>> {
  if (file === stdin) return await readStream(process.stdin, 'standard input', maxBody)
  try {
    const { size, ...kind } = await sizeOf(file)
    if (kind.isDirectory) throw failure(`${file} is a directory; name its files: ${file}/*`)
    if (size > maxBody) throw tooLarge(file, maxBody, size)
    // A device or a pipe says nothing of its size, and may never end; a file in /proc says 0.
    if (!kind.isFile || size === 0) return await readStream(createReadStream(file), file, maxBody)
    return await readRegular(file, maxBody)
  } catch (error) {
    throw error instanceof TmError ? error : failure(`${file}: ${describe(error)}`, error)
  }
}

async function sizeOf(file: string) {
  const stats = await stat(file)
  return { size: stats.size, isDirectory: stats.isDirectory(), isFile: stats.isFile() }
}

/** Into memory of its own, and no further than the limit if the file grows meanwhile. */
async function readRegular(file: string, maxBody: number): Promise<Uint8Array<ArrayBuffer>> {
  const handle = await open(file)
  try {
    const { size } = await handle.stat()
    if (size > maxBody) throw tooLarge(file, maxBody, size)
    const body = new Uint8Array(size)
    let filled = 0
    while (filled < size) {
      const { bytesRead } = await handle.read(body, filled, size - filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return filled === size ? body : body.slice(0, filled)
  } finally {
    await handle.close()
  }
}

async function readStream(
  stream: AsyncIterable<Uint8Array>,
  name: string,
  maxBody: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of stream) {
    size += piece.length
    if (size > maxBody) throw tooLarge(name, maxBody)
    pieces.push(piece)
  }
  return concat(pieces)
}

function tooLarge(name: string, maxBody: number, size?: number): TmError {
  const has = size === undefined ? 'has more' : `has ${formatBytes(size)}`
  return new TmError('too_large', `${name} ${has}, over the limit of ${formatBytes(maxBody)}`, {
    suggestions: ['Split it, or raise the limit: tm up --max-body SIZE'],
  })
}

function failure(message: string, cause?: unknown): TmError {
  return new TmError('failed', message, { cause })
}

function describe(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'there is no such file'
  if (code === 'EACCES' || code === 'EPERM') return 'no permission to read it'
  return messageOf(error)
}
