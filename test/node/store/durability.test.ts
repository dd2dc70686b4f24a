/** How the store writes: synced, many calls in a commit, and no call that fails harms another. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AcceptedTask } from '../../../src/core/task.ts'
import { openStore } from '../../../src/node/store/open.ts'
import { openDatabase } from '../../../src/node/store/sqlite/file.ts'
import type { Store } from '../../../src/node/store/store.ts'
import { at, newTask } from '../../contract/store/held.ts'
import { type Folder, temporaryFolder } from './folder.ts'
import { commitsIn } from './wal.ts'

let own: Folder
beforeEach(() => {
  own = temporaryFolder()
})
afterEach(() => own.remove())

describe('the file', () => {
  it('has a write-ahead log that is synced at every commit', () => {
    const database = openDatabase(own.folder)
    const pragma = (name: string) =>
      Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]
    expect(pragma('journal_mode')).toBe('wal')
    expect(pragma('synchronous')).toBe(2) // FULL
    expect(pragma('locking_mode')).toBe('exclusive')
    database.close()
  })

  it('lies in a folder that only its user may open', () => {
    const folder = join(own.folder, 'nodes', 'n1')
    openDatabase(folder).close()
    expect(statSync(folder).mode & 0o777).toBe(0o700)
  })
})

describe('calls of one turn', () => {
  let store: Store
  beforeEach(async () => {
    store = await openStore(`sqlite:${own.folder}`)
  })
  afterEach(() => store.close())

  const tasks = (count: number) => Array.from({ length: count }, () => newTask())
  const enqueueEach = (all: AcceptedTask[]) => all.map((task) => store.tasks.enqueue([task], at(0)))

  it('share one commit', async () => {
    const before = commitsIn(own.folder)
    const outcomes = await Promise.all(enqueueEach(tasks(64)))
    expect(outcomes.flat()).toEqual(Array(64).fill('created'))
    expect(commitsIn(own.folder) - before).toBe(1)
  })

  it('are answered after their commit', async () => {
    for (let i = 1; i <= 5; i++) {
      const before = commitsIn(own.folder)
      await store.tasks.enqueue([newTask()], at(0))
      expect(commitsIn(own.folder) - before).toBe(1)
    }
  })

  it('make no commit if they only read', async () => {
    await store.tasks.enqueue(tasks(3), at(0))
    const before = commitsIn(own.folder)
    await Promise.all([
      store.tasks.stats(at(0)),
      store.tasks.list({ limit: 9 }),
      store.tasks.results({ limit: 9 }),
    ])
    await store.tasks.claim({ worker: 'w', max: 0, maxWork: 1, maxBytes: 1, lease: 1 }, at(0))
    expect(commitsIn(own.folder) - before).toBe(0)
  })

  it.each<[string, Partial<Record<keyof AcceptedTask, unknown>>]>([
    ['a body that is text', { body: 'text' }],
    ['a body that is missing', { body: undefined }],
    ['a body that can not be sent to a thread', { body: () => {} }],
    ['a spec that is missing', { spec: undefined }],
  ])('is not hurt by one with %s', async (_what, wrong) => {
    const good = tasks(20)
    const bad = { ...newTask(), ...wrong } as AcceptedTask
    const calls = enqueueEach([...good.slice(0, 10), bad, ...good.slice(10)])
    const settled = await Promise.allSettled(calls)
    const rejected = settled.flatMap(({ status }, i) => (status === 'rejected' ? [i] : []))
    expect(rejected).toEqual([10])
    expect(await store.tasks.stats(at(0))).toMatchObject({ queued: 20, backlog: 20 })
    expect(await store.tasks.get([bad.id])).toEqual([undefined])
    expect(await store.tasks.enqueue([good[19] as AcceptedTask, newTask()], at(1))).toEqual([
      'known',
      'created',
    ])
  })

  it('survive a call that fails midway, which is undone as a whole', async () => {
    const [first, second, other] = [newTask(), newTask(), newTask()]
    const bad = { ...second, body: 'text' as unknown as AcceptedTask['body'] }
    const outcomes = [store.tasks.enqueue([first, bad], at(0)), store.tasks.enqueue([other], at(0))]
    expect((await Promise.allSettled(outcomes)).map(({ status }) => status)).toEqual([
      'rejected',
      'fulfilled',
    ])
    expect(await store.tasks.get([first.id])).toEqual([undefined])
    expect(await store.tasks.stats(at(0))).toMatchObject({ queued: 1 })
  })
})

it('rejects calls once it is closed', async () => {
  const store = await openStore(`sqlite:${own.folder}`)
  const last = store.tasks.enqueue([newTask()], at(0))
  await Promise.all([store.close(), store.close()])
  expect(await last).toEqual(['created'])
  await expect(store.tasks.stats(at(0))).rejects.toThrow('closed')
})
