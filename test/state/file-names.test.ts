/** Which task was which file: found from the end of a long file, in pieces, past a line cut by a crash. */
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ClusterState, clusterState } from '../../src/state/cluster-state.ts'
import { recallFiles, rememberFiles, type Sent } from '../../src/state/file-names.ts'

let dataDir: string
let state: ClusterState
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tm-names-'))
  state = clusterState(dataDir, 'x')
  state.create()
})
afterEach(() => rmSync(dataDir, { recursive: true }))

const path = () => state.path('files.jsonl')
const sent = (id: string, file: string): Sent => ({ id, file, key: `key of ${id}`, node: 'node-1' })
const remember = (id: string, file: string) => rememberFiles(state, [sent(id, file)])

describe('file names', () => {
  it('are recalled as they were, with any letter in them', () => {
    const tasks = ['a', 'with space', 'tab\t', 'line\nbreak', 'ü€😀', '"quoted"', ''].map(
      (file, n) => sent(`id-${n}`, file),
    )
    rememberFiles(state, tasks.slice(0, 3))
    rememberFiles(state, tasks.slice(3))
    const names = recallFiles(state, [...tasks.map(({ id }) => id), 'unknown'])
    expect([...names].sort()).toEqual(tasks.map(({ id, file }) => [id, file]).sort())
  })

  it('are nothing when nothing was remembered', () => {
    expect(recallFiles(state, ['id'])).toEqual(new Map())
  })

  it('are in a file that nobody else can read', () => {
    const before = process.umask(0)
    remember('id', 'a')
    process.umask(before)
    expect(statSync(path()).mode & 0o777).toBe(0o600)
  })

  /** Lines of every length around the size of a piece, so that its border falls anywhere in a line. */
  it('are found wherever the border of a piece falls', () => {
    const piece = 256 * 1024
    for (const shift of [-3, -2, -1, 0, 1, 2, 3]) {
      const tail = `${JSON.stringify(['last', 'x'.repeat(piece - 14 + shift)])}\n`
      writeFileSync(path(), `${JSON.stringify(['first', 'ä'])}\n${tail}`)
      const names = recallFiles(state, ['first', 'last'])
      expect(names.get('first')).toBe('ä')
      expect(names.get('last')?.length).toBe(piece - 14 + shift)
    }
  })

  it('are whole when a letter of several bytes lies on a border', () => {
    const lines = Array.from({ length: 300 }, (_, n) => sent(`id-${n}`, `${'€'.repeat(1000 + n)}`))
    rememberFiles(state, lines)
    expect(statSync(path()).size).toBeGreaterThan(3 * 256 * 1024)
    const names = recallFiles(
      state,
      lines.map(({ id }) => id),
    )
    for (const { id, file } of lines) expect(names.get(id)).toBe(file)
  })

  it('skip a line that a crash cut off, and go on after it', () => {
    remember('a', 'A')
    appendFileSync(path(), '["b","B')
    expect(recallFiles(state, ['a', 'b'])).toEqual(new Map([['a', 'A']]))
    remember('c', 'C')
    remember('d', 'D')
    const names = recallFiles(state, ['a', 'b', 'c', 'd'])
    expect(names).toEqual(
      new Map([
        ['a', 'A'],
        ['c', 'C'],
        ['d', 'D'],
      ]),
    )
  })

  it('skip lines that are JSON of another kind', () => {
    remember('a', 'A')
    appendFileSync(path(), 'null\n7\n{"id":"b"}\n["c"]\n[1,2]\n')
    expect(recallFiles(state, ['a', 'b', 'c'])).toEqual(new Map([['a', 'A']]))
  })

  it('of new tasks are found without reading all of a large file', (context) => {
    if (!existsSync('/proc/self/io')) context.skip('NOT TESTED: no /proc/self/io counts the bytes')
    const old = `${JSON.stringify(['old', 'x'.repeat(1000)])}\n`.repeat(20_000)
    writeFileSync(path(), old)
    remember('new', 'N')
    const newest = bytesRead(() => recallFiles(state, ['new']))
    expect(newest.result).toEqual(new Map([['new', 'N']]))
    expect(newest.bytes).toBeLessThan(1_000_000)
    const none = bytesRead(() => recallFiles(state, ['none']))
    expect(none.result).toEqual(new Map())
    expect(none.bytes).toBeGreaterThan(20_000_000)
  })
})

/** What the kernel counts for this process: proc_pid_io(5). */
function bytesRead<T>(work: () => T): { result: T; bytes: number } {
  const count = () => Number(/^rchar: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1])
  const before = count()
  const result = work()
  return { result, bytes: count() - before }
}
