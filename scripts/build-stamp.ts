/** Says whether `dist/` was built from the sources in this checkout: by their content, not by dates. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'

/** Everything that the build reads. The lock file stands for the libraries. */
const inputs = [
  'src',
  'scripts',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
]

const stampIn = (root: string) => join(root, 'dist/.built-from')

/** True if `dist/` and the manifest are complete and built from the sources as they are now. */
export function isBuilt(root: string): boolean {
  if (!existsSync(stampIn(root)) || !existsSync(join(root, 'oclif.manifest.json'))) return false
  return readFileSync(stampIn(root), 'utf8') === hashOf(root)
}

/** The last step of a build: an interrupted build leaves no stamp. */
export function stamp(root: string, hash: string): void {
  writeFileSync(stampIn(root), hash)
}

export function hashOf(root: string): string {
  const hash = createHash('sha256').update(process.version)
  for (const file of inputs.flatMap((input) => filesIn(root, input))) {
    const content = readFileSync(join(root, file))
    hash.update(`\n${file} ${content.length}\n`).update(content)
  }
  return hash.digest('hex')
}

function filesIn(root: string, input: string): string[] {
  if (input.includes('.')) return [input]
  const entries = readdirSync(join(root, input), { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return files.map((file) => relative(root, join(file.parentPath, file.name))).sort()
}
