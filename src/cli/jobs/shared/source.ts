/** Reads what is to be shared once, for its hash and its size, and says how to read it again. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { formatBytes } from '../../../core/bytes.ts'
import { messageOf, TmError } from '../../../core/errors.ts'
import type { Reporter } from '../../../core/progress.ts'
import { maxSharedBytes, type SharedFile } from '../../../kinds/command/shared.ts'
import { stepIfSlow } from '../../output/step-if-slow.ts'
import { archiveOf } from './archive.ts'
import type { GivenShared } from './given.ts'
import { readTree } from './tree.ts'

export interface SharedSource {
  file: SharedFile
  /** Where it is here. */
  path: string
  /** The files in it, by name and size; of a file, itself. */
  files: { name: string; size: number }[]
  /** What travels: the bytes of the file, or the archive of the folder. */
  read(): AsyncIterable<Uint8Array>
}

/** Throws `failed` for what can't be read, `invalid` for what can't be shared. */
export async function readShared(
  given: GivenShared[],
  reporter: Reporter,
): Promise<SharedSource[]> {
  const sources: SharedSource[] = []
  for (const one of given) {
    const found = one.kind === 'dir' ? await folderAt(one) : await fileAt(one)
    refuseLarge(found)
    sources.push(await stepIfSlow(reporter, `reading ${one.path}`, (note) => hash(found, note)))
  }
  return sources
}

interface Found extends Omit<SharedSource, 'file'> {
  file: Omit<SharedFile, 'sha256' | 'size'>
}

async function fileAt({ path, name, kind }: GivenShared): Promise<Found> {
  const stats = await statOf(path)
  if (stats.isDirectory()) throw wrongKind('dir', path, 'is a folder')
  if (!stats.isFile()) throw new TmError('invalid', `--file ${path} is not a file`)
  const mode = stats.mode & 0o111 ? 0o755 : 0o644
  const files = [{ name, size: stats.size }]
  return { file: { name, kind, mode }, path, files, read: () => createReadStream(path) }
}

async function folderAt({ path, name, kind }: GivenShared): Promise<Found> {
  if (!(await statOf(path)).isDirectory()) throw wrongKind('file', path, 'is not a folder')
  const entries = await readTree(path)
  const files = entries.filter((entry) => entry.kind === 'file')
  return { file: { name, kind, mode: 0o755 }, path, files, read: () => archiveOf(entries) }
}

async function hash({ file, ...found }: Found, note: (text: string) => void) {
  const sha256 = createHash('sha256')
  let size = 0
  for await (const piece of found.read()) {
    sha256.update(piece)
    size += piece.length
    note(formatBytes(size))
  }
  return { ...found, file: { ...file, size, sha256: sha256.digest('hex') } }
}

async function statOf(path: string) {
  return await stat(path).catch((error) => {
    throw new TmError('failed', `${path} can't be read: ${messageOf(error)}`, { cause: error })
  })
}

function refuseLarge({ path, files }: Pick<Found, 'path' | 'files'>): void {
  const total = files.reduce((sum, { size }) => sum + size, 0)
  if (total <= maxSharedBytes) return
  const what = `${path} has ${formatBytes(total)}, and a shared file or folder at most`
  throw new TmError('invalid', `${what} ${formatBytes(maxSharedBytes)}`, {
    suggestions: [
      'Leave out what the command does not need, with .gitignore, or share it in parts',
    ],
  })
}

function wrongKind(flag: string, path: string, what: string): TmError {
  return new TmError('invalid', `${path} ${what}`, { suggestions: [`Give --${flag} ${path}`] })
}
