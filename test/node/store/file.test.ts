/** A node refuses a database that it must not use, says why, and leaves the file unchanged. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { TmError } from '../../../src/core/errors.ts'
import { openStore } from '../../../src/node/store/open.ts'
import { at, newTask } from '../../contract/store/held.ts'
import { type Folder, temporaryFolder } from './folder.ts'

let own: Folder
beforeEach(() => {
  own = temporaryFolder()
})
afterEach(() => own.remove())

const path = (name = 'queue.db') => join(own.folder, name)
const content = (name: string) => (existsSync(path(name)) ? readFileSync(path(name)) : undefined)

/** A queue with some tasks, of a node that was stopped or killed. */
async function makeQueue(how: 'stopped' | 'killed'): Promise<void> {
  const folder = join(own.folder, 'made')
  const store = await openStore(`sqlite:${folder}`)
  const body = 'x'.repeat(20_000)
  await store.tasks.enqueue([newTask({ body }), newTask({ body }), newTask({ body })], at(0))
  if (how === 'stopped') await store.close()
  // In another process: reading the file in this one would release its lock on it.
  execFileSync('cp', ['-r', `${folder}/.`, own.folder])
  if (how === 'killed') await store.close()
  rmSync(folder, { recursive: true })
  expect(existsSync(path('queue.db-wal'))).toBe(how === 'killed')
}

const open = () => openStore(`sqlite:${own.folder}`)

async function countQueued(): Promise<number> {
  const store = await open()
  const { queued } = await store.tasks.stats(at(0))
  await store.close()
  return queued
}

function foreign(sql: string): void {
  const database = new DatabaseSync(path())
  database.exec(sql)
  database.close()
}

const garbage = (length: number) => Buffer.alloc(length, 'garbage')

function overwrite(from: number, to: number): void {
  const bytes = readFileSync(path())
  garbage(to - from).copy(bytes, from)
  writeFileSync(path(), bytes)
}

/** Bytes in a page of the database. */
const page = 16_384

type Damage = [what: string, how: 'stopped' | 'killed' | 'none', harm: () => void, says: string]

const damages: Damage[] = [
  ['missing', 'stopped', () => rmSync(path()), 'is missing, although this node has had a queue'],
  ['missing, its log there', 'killed', () => rmSync(path()), 'is missing, although'],
  ['emptied', 'stopped', () => truncateSync(path(), 0), 'is empty, although'],
  ['emptied, its log there', 'killed', () => truncateSync(path(), 0), 'is empty, although'],
  ['cut to a few bytes', 'stopped', () => truncateSync(path(), 50), "can't be used"],
  ['cut to a page', 'stopped', () => truncateSync(path(), page), "can't be used"],
  [
    'cut by a page',
    'stopped',
    () => truncateSync(path(), statSync(path()).size - page),
    'malformed',
  ],
  [
    'without its log',
    'killed',
    () => rmSync(path('queue.db-wal')),
    'not the database of a tm node',
  ],
  ['garbage as a whole', 'stopped', () => writeFileSync(path(), garbage(50_000)), "can't be used"],
  ['garbage at its start', 'stopped', () => overwrite(0, 100), "can't be used"],
  ['garbage in a table', 'stopped', () => overwrite(page, 2 * page), "can't be used"],
  ['garbage in an index', 'stopped', () => overwrite(2 * page, 3 * page), "can't be used"],
  ['text', 'none', () => writeFileSync(path(), 'Dear diary'), "can't be used"],
  ['of a newer tm', 'stopped', () => foreign('PRAGMA user_version = 99'), 'made by a newer tm'],
  ["someone else's", 'none', () => foreign('CREATE TABLE a (b)'), 'not the database of a tm node'],
]

describe('refuses a database that is', () => {
  it.each(damages)('%s (%s)', async (_what, how, harm, says) => {
    if (how !== 'none') await makeQueue(how)
    harm()
    const before = [content('queue.db'), content('queue.db-wal')]
    const error = await open().then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    expect(error).toMatchObject({ name: 'TmError', code: 'damaged' })
    expect(error).toMatchObject({ message: expect.stringContaining(says) })
    const { message, suggestions } = error as TmError
    expect(message).toContain(path())
    expect(suggestions.length).toBeGreaterThan(0)
    // What can be recovered is still there, and no empty queue has taken its place.
    expect([content('queue.db'), content('queue.db-wal')]).toEqual(before)
  })
})

describe('opens', () => {
  it.each(['stopped', 'killed'] as const)('the queue of a node that was %s', async (how) => {
    await makeQueue(how)
    expect(await countQueued()).toBe(3)
  })

  it('an empty file that a killed start has left', async () => {
    writeFileSync(path(), '')
    expect(await countQueued()).toBe(0)
    expect(await countQueued()).toBe(0)
  })

  it('a file without tables that a killed start has left', async () => {
    foreign('PRAGMA journal_mode = WAL')
    expect(statSync(path()).size).toBeGreaterThan(0)
    expect(await countQueued()).toBe(0)
  })

  it('a folder that does not exist yet', async () => {
    const folder = join(own.folder, 'a', 'b')
    await (await openStore(`sqlite:${folder}`)).close()
    expect(existsSync(join(folder, 'queue.db'))).toBe(true)
  })
})

it('says that a file is in use by another node, and opens it when that node has ended', async () => {
  const program = new URL('../../fixtures/store-user.ts', import.meta.url).pathname
  const other = spawn(process.execPath, [program, own.folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    await once(other.stdout, 'data')
    other.stdout.resume()
    await expect(open()).rejects.toMatchObject({
      code: 'conflict',
      message: `${path()} is in use by another node`,
    })
  } finally {
    other.kill('SIGKILL')
    await once(other, 'close')
  }
  expect(await countQueued()).toBeGreaterThanOrEqual(0)
})

it("says that it can't make its folder", async () => {
  writeFileSync(path('file'), '')
  const folder = path('file/node')
  await expect(openStore(`sqlite:${folder}`)).rejects.toMatchObject({ code: 'failed' })
  mkdirSync(path('queue.db'))
  await expect(open()).rejects.toMatchObject({ name: 'TmError', code: 'failed' })
})
