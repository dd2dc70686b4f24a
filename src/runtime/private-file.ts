/** Refuses a secret file or folder that other users can read or may have created. */
import { statSync } from 'node:fs'
import { TmError } from '../core/errors.ts'

/** Throws `forbidden` with the command that fixes it. Ignores other file types, such as pipes. */
export function refuseOpen(path: string): void {
  const found = statSync(path)
  if (!found.isFile() && !found.isDirectory()) return
  refuseForeign(path, found.uid)
  if (!isOpen(path)) return
  const mode = found.mode & 0o777
  throw new TmError('forbidden', `Others can read ${path} (mode ${mode.toString(8)})`, {
    suggestions: [`chmod ${found.isDirectory() ? 700 : 600} ${path}`],
  })
}

/** Whether others can read or write it, or look into it. */
export function isOpen(path: string): boolean {
  return (statSync(path).mode & 0o077) !== 0
}

/**
 * The owner of the file knows the secret and can read all traffic that it protects. Root may use any
 * file, because mounted files in a container often belong to another user.
 */
function refuseForeign(path: string, owner: number): void {
  const me = process.getuid?.() ?? 0
  if (me === 0 || owner === me) return
  throw new TmError('forbidden', `${path} belongs to another user (id ${owner}, not ${me})`, {
    suggestions: ['Use a directory of your own: TM_DATA_DIR=DIRECTORY'],
  })
}
