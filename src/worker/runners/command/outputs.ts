/** Finds, checks, hashes and sends the files that a command left. */
import { createHash } from 'node:crypto'
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  read,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs'
import { glob } from 'node:fs/promises'
import { isAbsolute, join, relative, sep } from 'node:path'
import { promisify } from 'node:util'
import { formatBytes } from '../../../core/bytes.ts'
import type { OutputFile } from '../../../kinds/command/result.ts'
import { isIn } from '../../../kinds/command/shared.ts'

/** A file that becomes an output: its name there, and where it lies. */
export interface Found {
  name: string
  path: string
  /** Who must have made it, so that no link to a file of the worker becomes an output; anybody if undefined. */
  user?: number | undefined
}

/** What the outputs are not as they were declared to be. Fails the attempt. */
export class OutputProblem extends Error {}

export interface Pattern {
  name: string
  optional: boolean
}

/** No command of many: each is a row in the result. */
const maxFiles = 1000

/**
 * The files that match the patterns, each once, without what is shared. Throws `OutputProblem` if one
 * matches none.
 */
export async function findOutputs(
  folder: string,
  patterns: Pattern[],
  { shared = [], user }: { shared?: string[]; user?: number | undefined } = {},
): Promise<Found[]> {
  if (patterns.length === 0) return []
  const root = realpathSync.native(folder)
  const found = new Map<string, Found>()
  for (const { name: pattern, optional } of patterns) {
    refuseOutside(pattern)
    const all = await matching(root, pattern)
    const names = all.filter((name) => !shared.some((one) => isIn(name, one)))
    if (names.length === 0 && !optional) throw new OutputProblem(`output ${pattern} is missing`)
    for (const name of names) found.set(name, { name, path: inside(root, name), user })
    if (found.size > maxFiles) throw new OutputProblem(`more than ${maxFiles} outputs`)
  }
  return [...found.values()]
}

function refuseOutside(pattern: string): void {
  if (!isAbsolute(pattern) && !pattern.split('/').includes('..') && pattern !== '') return
  throw new OutputProblem(`output ${pattern} is not inside the folder of the command`)
}

/** A folder stands for all files in it. */
async function matching(root: string, pattern: string): Promise<string[]> {
  const all = pattern.endsWith('/') ? `${pattern}**` : pattern
  const names: string[] = []
  // The name itself first: it may have brackets.
  if (isFile(join(root, pattern))) return [pattern]
  for await (const name of glob(all, { cwd: root })) {
    if (isFile(join(root, name))) names.push(name.split(sep).join('/'))
  }
  return names.sort()
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** Follows links, but not out of the folder. */
function inside(root: string, name: string): string {
  const path = realpathSync.native(join(root, name))
  const way = relative(root, path)
  if (way.startsWith('..') || isAbsolute(way)) {
    throw new OutputProblem(`output ${name} is a link out of the folder of the command`)
  }
  return path
}

/** Parts that are on their way at a time. */
const partsAtOnce = 4

/** Outputs up to this size, all together, travel with the report. */
const smallBytes = 64 * 1024

export interface Sent {
  files: OutputFile[]
  /** What was not sent, because it is small. */
  small?: Uint8Array<ArrayBuffer>
}

/**
 * Reads all files, in order, as one sequence of bytes in parts of `partBytes`, and sends them unless
 * they are small. Throws `OutputProblem` if they are larger than `maxBytes`.
 */
export async function sendOutputs(
  files: Found[],
  options: {
    partBytes: number
    maxBytes: number
    send: (part: number, bytes: Uint8Array<ArrayBuffer>) => Promise<void>
  },
): Promise<Sent> {
  const { partBytes, maxBytes, send } = options
  /** Grows as it is filled: most outputs are far smaller than a part. */
  let buffer = new Uint8Array(Math.min(partBytes, pieceBytes))
  let filled = 0
  let part = 0
  let total = 0

  const sent: Promise<void>[] = []
  const sending = new Set<Promise<void>>()

  /** Resolves when there is room for the next part: the node syncs several of them together. */
  async function flush(): Promise<void> {
    if (filled === 0) return
    const one = send(part, buffer.slice(0, filled))
    // Both are awaited later.
    one.finally(() => sending.delete(one)).catch(() => {})
    sending.add(one)
    sent.push(one)
    part += 1
    filled = 0
    if (sending.size >= partsAtOnce) await Promise.race(sending)
  }

  const found: OutputFile[] = []
  for (const { name, path, user } of files) {
    const file = openSync(path, readOnly)
    try {
      const { mode, size: expected, uid } = fstatSync(file)
      if (user !== undefined && uid !== user) {
        throw new OutputProblem(`output ${name} does not belong to the command`)
      }
      const hash = createHash('sha256')
      let size = 0
      for await (const bytes of piecesOf(file, expected)) {
        total += bytes.length
        size += bytes.length
        if (total > maxBytes) throw tooLarge(maxBytes)
        hash.update(bytes)
        for (let at = 0; at < bytes.length; ) {
          const taken = bytes.subarray(at, at + partBytes - filled)
          buffer = roomFor(buffer, filled + taken.length, partBytes)
          buffer.set(taken, filled)
          filled += taken.length
          at += taken.length
          if (filled === partBytes) await flush()
        }
      }
      found.push({ name, size, sha256: hash.digest('hex'), mode: mode & 0o777 })
    } finally {
      closeSync(file)
    }
  }
  if (part === 0 && filled <= smallBytes) {
    return filled === 0 ? { files: found } : { files: found, small: buffer.slice(0, filled) }
  }
  await flush()
  await Promise.all(sent)
  return { files: found }
}

/** Twice as large, if it is too small, but never larger than a part. */
function roomFor(
  buffer: Uint8Array<ArrayBuffer>,
  needed: number,
  partBytes: number,
): Uint8Array<ArrayBuffer> {
  if (needed <= buffer.length) return buffer
  const larger = new Uint8Array(Math.min(partBytes, Math.max(needed, 2 * buffer.length)))
  larger.set(buffer)
  return larger
}

/** Not through a link, and without waiting for whoever writes to a pipe. */
const readOnly = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

const readLater = promisify(read)
/** Read at once from a file of unknown size, and at most. */
const pieceBytes = 16 * 1024
const largestPiece = 256 * 1024

/**
 * The pieces share one piece of memory. One that takes less time to read than to hand to another thread
 * is read here.
 */
async function* piecesOf(file: number, size: number): AsyncGenerator<Uint8Array> {
  const piece = new Uint8Array(Math.min(largestPiece, Math.max(pieceBytes, size)))
  const isSmall = size < largestPiece
  for (;;) {
    const bytesRead = isSmall
      ? readSync(file, piece)
      : (await readLater(file, piece, 0, piece.length, null)).bytesRead
    if (bytesRead === 0) return
    yield piece.subarray(0, bytesRead)
  }
}

function tooLarge(maxBytes: number): OutputProblem {
  const limit = formatBytes(maxBytes)
  return new OutputProblem(`its outputs are over the limit of ${limit}: raise it with --max-output`)
}
