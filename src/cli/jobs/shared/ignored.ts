/**
 * What the `.gitignore` files of a folder leave out, by the rules of gitignore(5): those inside it,
 * and those above it up to the top of its repository. Whether git knows a file does not count.
 */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import ignore, { type Ignore } from 'ignore'

export interface IgnoreRules {
  /** `path` is absolute, and inside the folder. */
  ignores(path: string, isFolder: boolean): boolean
  /** With the rules that this folder adds. */
  in(folder: string): IgnoreRules
}

/** The rules for what is directly in `folder`, which is absolute. */
export function ignoreRules(folder: string): IgnoreRules {
  const top = topOf(folder)
  const above = foldersBetween(top, folder).reduce(withRulesOf, rulesFrom(top))
  // Whoever names a folder that is ignored wants what is in it.
  const rules = folder !== top && above.ignores(folder, true) ? rulesFrom(folder) : above
  return rules.in(folder)
}

function withRulesOf(rules: IgnoreRules, folder: string): IgnoreRules {
  return rules.in(folder)
}

function rulesFrom(top: string, matcher: Ignore = newMatcher()): IgnoreRules {
  return {
    ignores(path, isFolder) {
      const name = pathFrom(top, path)
      return name !== '' && matcher.ignores(isFolder ? `${name}/` : name)
    },
    in(folder) {
      const file = join(folder, '.gitignore')
      if (!existsSync(file)) return this
      const lines = readFileSync(file, 'utf8').split(/\r?\n/)
      const base = pathFrom(top, folder)
      const added = lines.flatMap((line) => rebase(line, base))
      return rulesFrom(top, newMatcher().add(matcher).add(added))
    },
  }
}

/** Capital letters count, so that the same files have the same hash on every system. */
function newMatcher(): Ignore {
  return ignore({ ignorecase: false })
}

/**
 * A pattern of a `.gitignore` file in the folder `base`, as the top folder would have it. One list of
 * all patterns, the deepest last, decides as git does, where the last match wins.
 */
function rebase(line: string, base: string): string[] {
  if (line.trim() === '' || line.startsWith('#')) return []
  const isNegative = line.startsWith('!')
  const pattern = isNegative ? line.slice(1) : line
  // A slash at the beginning or in the middle ties a pattern to its folder.
  const isTied = pattern.trimEnd().slice(0, -1).includes('/')
  const where = base === '' ? '' : `/${asLiteral(base)}`
  const rebased = isTied ? `${where}/${pattern.replace(/^\//, '')}` : `${where}/**/${pattern}`
  return [isNegative ? `!${rebased}` : rebased]
}

function asLiteral(path: string): string {
  return path.replace(/[\\*?[\]!# ]/g, '\\$&')
}

/** The top of the repository, or the folder itself outside of one. */
function topOf(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return at
    if (at === dirname(at)) return folder
  }
}

/** From `top` down to the parent of `folder`. */
function foldersBetween(top: string, folder: string): string[] {
  if (folder === top) return []
  const parts = relative(top, folder).split(sep).slice(0, -1)
  return [top, ...parts.map((_, index) => join(top, ...parts.slice(0, index + 1)))]
}

function pathFrom(top: string, path: string): string {
  return relative(top, path).split(sep).join('/')
}
