/** Which task was which file: a line a task in the cluster's folder, on this machine only. */
import { appendFileSync, closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs'
import type { Saved } from '../saved.ts'

const chunkBytes = 256 * 1024

function pathOf(saved: Saved): string {
  return saved.path('files.jsonl')
}

export function rememberFiles(saved: Saved, tasks: { id: string; file: string }[]): void {
  const lines = tasks.map(({ id, file }) => `${JSON.stringify([id, file])}\n`).join('')
  // The break comes first too: a line that a crash cut off must not swallow the next one.
  appendFileSync(pathOf(saved), `\n${lines}`, { mode: 0o600 })
}

/** The file names of these tasks, as far as they are known. Reads the newest lines first. */
export function recallFiles(saved: Saved, ids: Iterable<string>): Map<string, string> {
  const wanted = new Set(ids)
  const names = new Map<string, string>()
  if (!existsSync(pathOf(saved))) return names
  for (const line of linesFromEnd(pathOf(saved))) {
    if (names.size === wanted.size) break
    const [id, file] = parse(line)
    if (id && file !== undefined && wanted.has(id)) names.set(id, file)
  }
  return names
}

/** A line that a crash cut off is skipped. */
function parse(line: string): [string?, string?] {
  try {
    const [id, file] = JSON.parse(line) as unknown[]
    return typeof id === 'string' && typeof file === 'string' ? [id, file] : []
  } catch {
    return []
  }
}

function* linesFromEnd(path: string): Generator<string> {
  const file = openSync(path, 'r')
  try {
    let end = fstatSync(file).size
    let rest = Buffer.alloc(0)
    while (end > 0) {
      const size = Math.min(chunkBytes, end)
      const chunk = Buffer.alloc(size)
      readSync(file, chunk, 0, size, end - size)
      end -= size
      const text = Buffer.concat([chunk, rest])
      const firstBreak = end > 0 ? text.indexOf(10) + 1 : 0
      rest = text.subarray(0, firstBreak)
      yield* text.subarray(firstBreak).toString('utf8').split('\n').reverse()
    }
  } finally {
    closeSync(file)
  }
}
