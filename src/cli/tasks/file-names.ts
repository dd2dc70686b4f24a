/**
 * Which task was which file: a line a task in the cluster's folder, on this machine only, written
 * before the task is sent, so that whoever is interrupted can go on (`resume.ts`).
 *
 *   ["id", "file", "key", "node"]     the same task again, when it was sent to another node
 */
import { createHash } from 'node:crypto'
import { appendFileSync, closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Saved } from '../saved.ts'
import { stdin } from './files.ts'

const chunkBytes = 256 * 1024

function pathOf(saved: Saved): string {
  return saved.path('files.jsonl')
}

export interface Sent {
  id: string
  file: string
  key: string
  /** The node that it was sent to. */
  node: string
}

/** The same for the same work: this file with these bytes and this many iterations. */
export function keyOf(work: { file: string; iterations: number; body: Uint8Array }): string {
  const name = work.file === stdin ? stdin : resolve(work.file)
  const hash = createHash('sha256').update(`${name}\0${work.iterations}\0`).update(work.body)
  return hash.digest('base64url').slice(0, 22)
}

export function rememberFiles(saved: Saved, tasks: Sent[]): void {
  const lines = tasks
    .map(({ id, file, key, node }) => `${JSON.stringify([id, file, key, node])}\n`)
    .join('')
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

/** Everything that was sent from here, the newest first. */
export function* sentFiles(saved: Saved): Generator<Sent> {
  if (!existsSync(pathOf(saved))) return
  for (const line of linesFromEnd(pathOf(saved))) {
    const [id, file, key, node] = parse(line)
    // A line of an older tm has no more than a name.
    if (id && file !== undefined && key && node) yield { id, file, key, node }
  }
}

/** A line that a crash cut off is skipped. */
function parse(line: string): string[] {
  try {
    const parts = JSON.parse(line) as unknown[]
    const [id, file] = parts
    return typeof id === 'string' && typeof file === 'string' ? (parts as string[]) : []
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
