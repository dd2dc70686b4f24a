/** The files of `src/` and what they import, by their import lines; `import type` counts like any other. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

const src = resolve(import.meta.dirname, '../../src')

export interface Import {
  file: string
  target: string
}

export const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => ({ file, text: readFileSync(join(src, file), 'utf8') }))

export const imports: Import[] = files.flatMap(({ file, text }) =>
  [
    ...text.matchAll(
      /^(?:import|export)\s+(?:type\s)?[^'"]*?from\s+'([^']+)'|import\('([^']+)'\)/gms,
    ),
  ].map(([, from, dynamic]) => ({
    file,
    target: from ?? dynamic ?? '',
  })),
)

/** Imports of files of ours, as paths from `src/`. */
export const ours: Import[] = imports
  .filter(({ target }) => target.startsWith('.'))
  .map(({ file, target }) => ({ file, target: relative(src, resolve(src, dirname(file), target)) }))
