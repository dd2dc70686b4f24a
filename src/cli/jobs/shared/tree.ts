/** What of a folder is shared: all in it, in a fixed order, but `.git` and what `.gitignore` names. */
import { lstat, readdir, readlink } from 'node:fs/promises'
import { isAbsolute, join, posix, resolve } from 'node:path'
import { TmError } from '../../../core/errors.ts'
import { type IgnoreRules, ignoreRules } from './ignored.ts'

/** `name` is relative to the folder, with `/` between its parts. */
export type TreeEntry = { name: string; path: string } & (
  | { kind: 'file'; size: number; isProgram: boolean }
  | { kind: 'dir' }
  | { kind: 'link'; target: string }
)

/** Throws `invalid` for a link out of the folder, and for what is no file. */
export async function readTree(folder: string): Promise<TreeEntry[]> {
  const root = resolve(folder)
  return await entriesOf(root, '', ignoreRules(root))
}

async function entriesOf(root: string, under: string, rules: IgnoreRules): Promise<TreeEntry[]> {
  const entries: TreeEntry[] = []
  for (const child of (await readdir(join(root, under))).sort(byBytes)) {
    const name = posix.join(under, child)
    const path = join(root, name)
    const entry = child === '.git' ? undefined : await entryAt(path, name, rules)
    if (!entry) continue
    entries.push(entry)
    if (entry.kind === 'dir') entries.push(...(await entriesOf(root, name, rules.in(path))))
  }
  return entries
}

/** Undefined if it is ignored. */
async function entryAt(
  path: string,
  name: string,
  rules: IgnoreRules,
): Promise<TreeEntry | undefined> {
  const stats = await lstat(path)
  if (rules.ignores(path, stats.isDirectory())) return undefined
  if (stats.isDirectory()) return { name, path, kind: 'dir' }
  if (stats.isSymbolicLink())
    return { name, path, kind: 'link', target: await targetOf(path, name) }
  if (!stats.isFile()) throw notShareable(path, 'it is neither a file nor a folder nor a link')
  const isProgram = (stats.mode & 0o111) !== 0
  return { name, path, kind: 'file', size: stats.size, isProgram }
}

/** The target of a link, which must be inside the folder: elsewhere there is only that. */
async function targetOf(path: string, name: string): Promise<string> {
  const target = await readlink(path)
  const inside = posix.join(posix.dirname(name), target)
  const leadsOut = isAbsolute(target) || inside === '..' || inside.startsWith('../')
  if (leadsOut) throw notShareable(path, `it is a link to ${target}, out of the shared folder`)
  return target
}

/** The same on every system, whatever its language. */
function byBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}

function notShareable(path: string, why: string): TmError {
  return new TmError('invalid', `${path} can't be shared: ${why}`, {
    suggestions: ['Leave it out with a line in .gitignore, or put a file in its place'],
  })
}
