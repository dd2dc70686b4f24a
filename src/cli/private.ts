/** What holds a secret is nobody else's: refused where others can read it, or could have put it there. */
import { statSync } from 'node:fs'
import { TmError } from '../core/errors.ts'

/** Throws `forbidden`, with the command that puts it right. What is no file or folder is let be. */
export function refuseOpen(path: string): void {
  const found = statSync(path)
  if (!found.isFile() && !found.isDirectory()) return
  refuseForeign(path, found.uid)
  const mode = found.mode & 0o777
  if ((mode & 0o077) === 0) return
  throw new TmError('forbidden', `Others can read ${path} (mode ${mode.toString(8)})`, {
    suggestions: [`chmod ${found.isDirectory() ? 700 : 600} ${path}`],
  })
}

/**
 * Whoever owns it knows the secret, and gets what is sent under it. Not so for root, which is let in
 * anywhere; in a container what is mounted often belongs to somebody else.
 */
function refuseForeign(path: string, owner: number): void {
  const me = process.getuid?.() ?? 0
  if (me === 0 || owner === me) return
  throw new TmError('forbidden', `${path} belongs to another user (id ${owner}, not ${me})`, {
    suggestions: ['Take a folder of your own: TM_DATA_DIR=DIRECTORY'],
  })
}
