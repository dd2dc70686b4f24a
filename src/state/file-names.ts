/**
 * Remembers the file of each task: one line per task in the cluster's folder, on this machine only. A
 * line is written before the task is sent, so that `enqueue --resume` can continue.
 *
 *   ["id", "file", "key", "node"]     another line when the task is sent to another node
 */
import { createHash } from 'node:crypto'
import { appendFileSync, existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { linesFromEnd } from '../runtime/lines-from-end.ts'
import type { ClusterState } from './cluster-state.ts'

/** The name of standard input, on the command line and here. */
export const stdin = '-'

function pathOf(state: ClusterState): string {
  return state.path('files.jsonl')
}

export interface Sent {
  id: string
  file: string
  key: string
  /** The node that it was sent to. */
  node: string
}

/** Equal for the same file with the same bytes and the same work (see `workKey`). */
export function keyOf(sent: { file: string; work: string; body: Uint8Array }): string {
  const name = sent.file === stdin ? stdin : resolve(sent.file)
  const hash = createHash('sha256').update(`${name}\0${sent.work}\0`).update(sent.body)
  return hash.digest('base64url').slice(0, 22)
}

export function rememberFiles(state: ClusterState, tasks: Sent[]): void {
  const lines = tasks
    .map(({ id, file, key, node }) => `${JSON.stringify([id, file, key, node])}\n`)
    .join('')
  // Starts with a line break too: a line that a crash cut off must not swallow the next one.
  appendFileSync(pathOf(state), `\n${lines}`, { mode: 0o600 })
}

/** With the file that this machine has enqueued, where it is known. */
export type Named<T> = T & { file?: string }

export function named<T extends { id: string }>(one: T, names: Map<string, string>): Named<T> {
  const file = names.get(one.id)
  return file === undefined ? one : { ...one, file }
}

/** The file names of these tasks, where they are known. */
export function recallFiles(state: ClusterState, ids: Iterable<string>): Map<string, string> {
  return fileNames(state).recall(ids)
}

/**
 * For repeated lookups, newest tasks first: reads the file once, from its end, no further than needed,
 * and returns each name once.
 */
export function fileNames(state: ClusterState) {
  const lines = existsSync(pathOf(state)) ? linesFromEnd(pathOf(state)) : undefined
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

/** Everything that was sent from this machine, newest first. */
export function* sentFiles(state: ClusterState): Generator<Sent> {
  if (!existsSync(pathOf(state))) return
  for (const line of linesFromEnd(pathOf(state))) {
    const [id, file, key, node] = parse(line)
    // A line of an older tm has only an id and a name.
    if (id && file !== undefined && key && node) yield { id, file, key, node }
  }
}

/** Skips a line that a crash cut off. */
function parse(line: string): string[] {
  try {
    const parts = JSON.parse(line) as unknown[]
    const [id, file] = parts
    return typeof id === 'string' && typeof file === 'string' ? (parts as string[]) : []
  } catch {
    return []
  }
}
