/**
 * A secret of a cluster, in hex, in a file that only its owner can read. Nothing secret is written
 * before the file system has shown that it keeps a file private.
 */
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { messageOf, TmError } from '../core/errors.ts'
import { isOpen, refuseOpen } from '../runtime/private-file.ts'
import { draftOf } from './whole-file.ts'

const elsewhere = { suggestions: ['Use a directory on another disk: TM_DATA_DIR=DIRECTORY'] }

/** Creates the folder, or takes access to it away from others. Throws `failed` if it can't. */
export function makePrivateFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    const message = `${folder} can't be created: ${messageOf(error)}`
    throw new TmError('failed', message, { cause: error, ...elsewhere })
  }
  tighten(folder, 0o700)
}

/** Two concurrent commands agree on one secret: the first one wins. */
export function createSecret(file: string): void {
  const draft = draftOf(file)
  try {
    writeFileSync(draft, '', { mode: 0o600 })
    tighten(draft, 0o600)
    writeFileSync(draft, `${randomBytes(32).toString('hex')}\n`, { flush: true })
    publish(draft, file)
  } finally {
    rmSync(draft, { force: true })
  }
}

/** In hex; undefined if the file does not exist. */
export function readSecret(file: string): string | undefined {
  if (!existsSync(file)) return undefined
  refuseOpen(dirname(file))
  refuseOpen(file)
  return readFileSync(file, 'utf8').trim()
}

function tighten(path: string, mode: number): void {
  let why: string | undefined
  try {
    chmodSync(path, mode)
  } catch (error) {
    why = messageOf(error)
  }
  // exFAT and some network file systems have no modes, and either say so or do nothing.
  if (!isOpen(path)) return
  const message = `The file system of ${path} can't keep it private: ${why ?? 'its mode does not change'}`
  throw new TmError('failed', message, elsewhere)
}

/** Makes the draft the file, unless there is one. */
function publish(draft: string, file: string): void {
  try {
    linkSync(draft, file)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return
    // Without hard links (exFAT, some network file systems): as safe, unless this process is killed here.
    copyExclusively(draft, file)
  }
}

function copyExclusively(draft: string, file: string): void {
  try {
    copyFileSync(draft, file, constants.COPYFILE_EXCL)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code
}
