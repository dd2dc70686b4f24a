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

/** The file names of these tasks, as far as they are known. */
export function recallFiles(saved: Saved, ids: Iterable<string>): Map<string, string> {
  return fileNames(saved).recall(ids)
}

/**
 * For asking again and again, the newest tasks first: the file is read once, from its end, no
 * further than needed, and a name is given once.
 */
export function fileNames(saved: Saved) {
  const lines = existsSync(pathOf(saved)) ? linesFromEnd(pathOf(saved)) : undefined
  const passed = new Map<string, string>()
  return {
    recall(ids: Iterable<string>): Map<string, string> {
      const names = new Map<string, string>()
      const wanted = new Set(ids)
      const give = (id: string, name: string) => {
        names.set(id, name)
        wanted.delete(id)
      }
      for (const id of wanted) {
        const name = passed.get(id)
        if (name === undefined) continue
        passed.delete(id)
        give(id, name)
      }
      while (lines && wanted.size > 0) {
        const { value, done } = lines.next()
        if (done) break
        const [id, file] = parse(value)
        if (id === undefined || file === undefined) continue
        if (wanted.has(id)) give(id, file)
        else if (!passed.has(id)) passed.set(id, file)
      }
      return names
    },
  }
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
