/** How the store writes: fully synced, many callers to a commit, and none that hurts the others. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { NewTask } from '../../../src/core/task.ts'
import { openDatabase } from '../../../src/node/store/sqlite/file.ts'
import { openSqliteStore } from '../../../src/node/store/sqlite/sqlite.ts'
import type { Store } from '../../../src/node/store/store.ts'
import { at, newTask } from '../../contract/store/held.ts'
import { type Folder, shareCompiledCode, temporaryFolder } from './folder.ts'
import { commitsIn } from './wal.ts'

shareCompiledCode()

let own: Folder
beforeEach(() => {
  own = temporaryFolder()
})
afterEach(() => own.remove())

describe('the file', () => {
  it('is written with a log, and the log is synced at every commit', () => {
    const database = openDatabase(own.folder)
    const pragma = (name: string) =>
      Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]
    expect(pragma('journal_mode')).toBe('wal')
    expect(pragma('synchronous')).toBe(2) // FULL
    expect(pragma('locking_mode')).toBe('exclusive')
    database.close()
  })

  it('lies in a folder that is open to nobody else', () => {
    const folder = join(own.folder, 'nodes', 'n1')
    openDatabase(folder).close()
    expect(statSync(folder).mode & 0o777).toBe(0o700)
  })
})

describe('a group of callers', () => {
  let store: Store
  beforeEach(async () => {
    store = await openSqliteStore({ folder: own.folder })
  })
  afterEach(() => store.close())

  const tasks = (count: number) => Array.from({ length: count }, () => newTask())
  const enqueueEach = (all: NewTask[]) => all.map((task) => store.enqueue([task], at(0)))

  it('shares one commit', async () => {
    const before = commitsIn(own.folder)
    const outcomes = await Promise.all(enqueueEach(tasks(64)))
    expect(outcomes.flat()).toEqual(Array(64).fill('created'))
    expect(commitsIn(own.folder) - before).toBe(1)
  })

  it('gets no answer before the commit that holds it', async () => {
    for (let i = 1; i <= 5; i++) {
      const before = commitsIn(own.folder)
      await store.enqueue([newTask()], at(0))
      expect(commitsIn(own.folder) - before).toBe(1)
    }
  })

  it('makes no commit for reading', async () => {
    await store.enqueue(tasks(3), at(0))
    const before = commitsIn(own.folder)
    await Promise.all([store.stats(at(0)), store.list({ limit: 9 }), store.results({ limit: 9 })])
    await store.claim({ worker: 'w', max: 0, maxWork: 1, maxBytes: 1, lease: 1 }, at(0))
    expect(commitsIn(own.folder) - before).toBe(0)
  })

  it.each<[string, Partial<Record<keyof NewTask, unknown>>]>([
    ['a body that is text', { body: 'text' }],
    ['a body that is missing', { body: undefined }],
    ['a body that can not be sent to a thread', { body: () => {} }],
    ['half an iteration', { iterations: 1.5 }],
  ])('is not hurt by one with %s', async (_what, wrong) => {
    const good = tasks(20)
    const bad = { ...newTask(), ...wrong } as NewTask
    const calls = enqueueEach([...good.slice(0, 10), bad, ...good.slice(10)])
    const settled = await Promise.allSettled(calls)
    const rejected = settled.flatMap(({ status }, i) => (status === 'rejected' ? [i] : []))
    expect(rejected).toEqual([10])
    expect(await store.stats(at(0))).toMatchObject({ queued: 20, backlog: 20 })
    expect(await store.get([bad.id])).toEqual([undefined])
    expect(await store.enqueue([good[19] as NewTask, newTask()], at(1))).toEqual([
      'known',
      'created',
    ])
  })

  it('is not hurt by one whose second half fails: that one is undone as a whole', async () => {
    const [first, second, other] = [newTask(), newTask(), newTask()]
    const bad = { ...second, body: 'text' as unknown as NewTask['body'] }
    const outcomes = [store.enqueue([first, bad], at(0)), store.enqueue([other], at(0))]
    expect((await Promise.allSettled(outcomes)).map(({ status }) => status)).toEqual([
      'rejected',
      'fulfilled',
    ])
    expect(await store.get([first.id])).toEqual([undefined])
    expect(await store.stats(at(0))).toMatchObject({ queued: 1 })
  })
})

it('answers nobody any more once it is closed', async () => {
  const store = await openSqliteStore({ folder: own.folder })
  const last = store.enqueue([newTask()], at(0))
  await Promise.all([store.close(), store.close()])
  expect(await last).toEqual(['created'])
  await expect(store.stats(at(0))).rejects.toThrow('closed')
})
