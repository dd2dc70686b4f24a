/** Reads the files that become tasks, never more than the limit, and names what is wrong with them. */
import { constants, createReadStream, type Stats } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { concat } from '../../api/frames.ts'
import { formatBytes } from '../../core/bytes.ts'
import { messageOf, TmError } from '../../core/errors.ts'
import { suggest, tm } from '../../core/suggestions.ts'
import { oneLine } from '../../core/text.ts'
import { stdin } from '../../state/file-names.ts'

export interface ReadOptions {
  maxBody: number
  /** Whether it is the only file. Among others, a pipe or device is a mistake, and may never end. */
  isOnly: boolean
  /** Called when a pipe gives nothing for a while. */
  onWaiting: (text: string) => void
}

type Body = Uint8Array<ArrayBuffer>

/** The whole file. Throws `too_large` without reading it all, and `failed` for other problems. */
export async function readTaskFile(file: string, options: ReadOptions): Promise<Body> {
  const name = isStdin(file) ? 'standard input' : oneLine(file)
  try {
    if (isStdin(file)) return await readStdin(options)
    const stats = await stat(file)
    if (stats.isDirectory()) throw failure(`${name} is a directory; name its files: ${name}/*`)
    if (!stats.isFile()) refuseSpecial(name, stats, options.isOnly || isOpenAlready(file))
    if (stats.size > options.maxBody) throw tooLarge(name, options.maxBody, stats.size)
    // A device or a pipe reports no size; a file in /proc reports 0.
    if (!stats.isFile() || stats.size === 0) {
      return await readStream(createReadStream(file), name, options)
    }
    return await readRegular(file, options.maxBody)
  } catch (error) {
    throw error instanceof TmError ? error : failure(`${name}: ${whyUnreadable(error)}`, error)
  }
}

/** All of standard input, once. */
export async function readStdin(options: Omit<ReadOptions, 'isOnly'>): Promise<Body> {
  return await readStream(process.stdin, 'standard input', options)
}

export function isStdin(file: string): boolean {
  return file === stdin || /^\/(dev\/stdin|(dev|proc\/self)\/fd\/0)$/.test(file)
}

/** What the shell has opened for this process, as for `<(command)`: somebody writes into it. */
function isOpenAlready(file: string): boolean {
  return /^\/(dev|proc\/self)\/fd\/\d+$/.test(file)
}

function refuseSpecial(name: string, stats: Stats, mayRead: boolean): void {
  if (stats.isSocket()) throw failure(`${name} is a socket, which can't be read`)
  if (mayRead) return
  const what = stats.isFIFO() ? 'a pipe' : 'a device'
  throw failure(`${name} is ${what}, which is read only if it is the only file`)
}

/** Reads no further than the limit if the file grows meanwhile. */
async function readRegular(file: string, maxBody: number): Promise<Body> {
  // A pipe that has taken the file's place would keep us waiting here.
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const { size } = await handle.stat()
    if (size > maxBody) throw tooLarge(oneLine(file), maxBody, size)
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

/** Silence after which a user is told what is waited for. */
const quietMs = 1000

async function readStream(
  stream: AsyncIterable<Uint8Array> & { isTTY?: boolean },
  name: string,
  { maxBody, onWaiting }: Omit<ReadOptions, 'isOnly'>,
): Promise<Body> {
  const pieces: Uint8Array[] = []
  let size = 0
  const end = stream.isTTY ? 'Ctrl-D ends it' : 'waiting for its end'
  const timer = setTimeout(() => onWaiting(`Reading ${name}: ${end}`), stream.isTTY ? 0 : quietMs)
  try {
    for await (const piece of stream) {
      timer.refresh()
      size += piece.length
      if (size > maxBody) throw tooLarge(name, maxBody)
      pieces.push(piece)
    }
  } finally {
    clearTimeout(timer)
  }
  return concat(pieces)
}

function tooLarge(name: string, maxBody: number, size?: number): TmError {
  const has = size === undefined ? 'is' : `has ${formatBytes(size)},`
  return new TmError('too_large', `${name} ${has} over the limit of ${formatBytes(maxBody)}`, {
    suggestions: [suggest`Split it, or raise the limit: ${tm('up', { 'max-body': 'SIZE' })}`],
  })
}

function failure(message: string, cause?: unknown): TmError {
  return new TmError('failed', message, { cause })
}

/** Why a file that the user has named can't be read. */
export function whyUnreadable(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'there is no such file'
  if (code === 'EACCES' || code === 'EPERM') return 'no permission to read it'
  return messageOf(error)
}
