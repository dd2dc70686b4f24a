/** What the engine has in memory is rolled back with a transaction that can't be committed. */
import type { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { unpackLeases } from '../../../src/api/leases.ts'
import { packResults } from '../../../src/api/reports.ts'
import { oneCpu } from '../../../src/core/resources.ts'
import { createEngine } from '../../../src/node/store/sqlite/engine.ts'
import { openDatabase } from '../../../src/node/store/sqlite/file.ts'
import { createTransaction, type Transaction } from '../../../src/node/store/sqlite/transaction.ts'
import { at, digest, newTask, roomy } from '../../contract/store/held.ts'
import { type Folder, temporaryFolder } from './folder.ts'

const mebibyte = 1024 ** 2
const forever = { keepFor: 1e15, keepMost: 1e9 }

let own: Folder
let database: DatabaseSync
let transaction: Transaction
let engine: ReturnType<typeof createEngine>
let isFull = false

function open(): void {
  database = openDatabase(own.folder)
  database.exec('PRAGMA synchronous = OFF')
  transaction = createTransaction(onDisk(database))
  engine = createEngine(database, transaction)
}

beforeEach(() => {
  own = temporaryFolder()
  open()
})
afterEach(() => {
  database.close()
  own.remove()
})

const does = <T>(work: () => T): T => transaction.run(work)

/** Does the work, and then finds the disk full. */
function undoes(work: () => unknown): void {
  isFull = true
  expect(() => transaction.run(work)).toThrow('full')
  isFull = false
}

/** The database on a disk that can be full. */
const onDisk = (opened: DatabaseSync) =>
  Object.create(opened, {
    isTransaction: { get: () => opened.isTransaction },
    exec: {
      value(sql: string) {
        if (isFull && sql === 'COMMIT') throw new Error('database or disk is full')
        opened.exec(sql)
      },
    },
  }) as DatabaseSync

const sized = (size: number) => ({ ...newTask(), body: new Uint8Array(size).fill(7) })

function claim(max = 1000) {
  const wish = { worker: 'w1', max, maxWork: 1e9, maxBytes: 1e9, lease: 30_000 }
  return does(() => engine.claim(wish, at(9)))
}

it('a part of a large body that was not stored is stored again', () => {
  const task = sized(3 * mebibyte + 5)
  does(() => engine.storePart(task))
  undoes(() => engine.storePart(task))
  expect(does(() => engine.enqueue([task], at(0)))).toEqual(['created'])
  const { unread } = claim()
  expect(unread).toMatchObject({ id: task.id, size: task.body.length })
  const sizes = [0, 1, 2, 3].map((part) => engine.readBody(task.id, part * mebibyte).length)
  expect(sizes).toEqual([mebibyte, mebibyte, mebibyte, 5])
})

it('bodies that were not stored do not count in their segment', () => {
  does(() =>
    engine.enqueue(
      Array.from({ length: 15 }, () => sized(mebibyte)),
      at(0),
    ),
  )
  undoes(() =>
    engine.enqueue(
      Array.from({ length: 3 }, () => sized(mebibyte)),
      at(0),
    ),
  )
  for (let n = 0; n < 40; n += 1) undoes(() => engine.enqueue([sized(mebibyte)], at(0)))
  const later = Array.from({ length: 3 }, () => sized(10))
  does(() => engine.enqueue(later, at(0)))
  const leases = unpackLeases(claim().frames)
  expect(leases).toHaveLength(18)
  expect(leases.slice(-3).map(({ id }) => id)).toEqual(later.map(({ id }) => id))
  expect(leases.every(({ body }) => body.every((byte) => byte === 7))).toBe(true)
})

it('a count of needed bodies that was rolled back removes no needed body', () => {
  const tasks = Array.from({ length: 40 }, () => sized(10))
  does(() => engine.enqueue(tasks, at(0)))
  database.close()
  open()
  const leases = unpackLeases(claim(39).frames)
  const report = (from: number, to: number) =>
    packResults(leases.slice(from, to).map((lease) => ({ ...lease, result: digest(1) })))
  undoes(() => {
    engine.complete('w1', report(0, 1), at(10))
    engine.prune(forever, at(10))
  })
  does(() => engine.complete('w1', report(0, 1), at(10)))
  does(() => engine.complete('w1', report(1, 39), at(10)))
  does(() => engine.enqueue([sized(10)], at(11)))
  while (does(() => engine.prune(forever, at(12)))) {}
  const [left] = unpackLeases(claim().frames)
  expect(left).toMatchObject({ id: tasks[39]?.id, body: tasks[39]?.body })
})

it('a job is neither paused nor tried, and counts its queued tasks as before', () => {
  const job = '0199b3a0-0000-7000-8000-ffffffffffff'
  const definition = { id: job, definition: '{}', needs: oneCpu, failFast: 1, canary: true }
  does(() => engine.putJob(definition, at(0)))
  const tasks = Array.from({ length: 3 }, () => ({ ...newTask(), job }))
  does(() => engine.enqueue(tasks, at(0)))
  const ofJob = (worker: string) => {
    const limits = { max: 1, maxWork: 0, maxBytes: 1e9, lease: 30_000, room: roomy }
    return unpackLeases(engine.claim({ worker, ...limits }, at(5)).frames)
  }
  const [first] = does(() => ofJob('w1'))
  const { id = '', attempt = 0 } = first ?? {}
  const fail = () =>
    engine.fail('w1', [{ id, attempt, error: 'x', delay: 0, final: true }], 5, at(10))
  const look = () => [engine.stats(at(20)), engine.getJob(job), engine.takePauses()]
  const before = look()
  undoes(() => {
    fail()
    engine.enqueue([{ ...newTask(), job }], at(10))
    engine.cancel(tasks[2]?.id ?? '', at(10))
  })
  undoes(() => engine.complete('w1', packResults([{ id, attempt, result: digest(1) }]), at(10)))
  expect(look()).toEqual(before)
  expect(does(() => ofJob('w2'))).toEqual([])
  does(fail)
  expect(engine.getJob(job)).toMatchObject({ paused: 'a task failed: x', counts: { queued: 2 } })
  undoes(() => {
    engine.goOnWithJob(job)
    expect(ofJob('w2')).toHaveLength(1)
  })
  expect(does(() => ofJob('w2'))).toEqual([])
  expect(engine.stats(at(20))).toMatchObject({ queued: 2, backlog: 0 })
  expect(does(() => engine.goOnWithJob(job))).toBe(true)
  expect(does(() => ofJob('w2'))).toHaveLength(1)
})

it('leases, counts and results are as they were', () => {
  const tasks = Array.from({ length: 4 }, () => sized(10))
  does(() => engine.enqueue(tasks, at(0)))
  const [first] = unpackLeases(claim(1).frames)
  const look = () => ({
    stats: engine.stats(at(20)),
    tasks: engine.list({ limit: 9 }),
    results: engine.results({ limit: 9 }),
  })
  const before = look()
  undoes(() => {
    const wish = { worker: 'w2', max: 2, maxWork: 1e9, maxBytes: 1e9, lease: 30_000 }
    engine.claim(wish, at(10))
    engine.complete(
      'w1',
      packResults([{ id: '', attempt: 1, ...first, result: digest(1) }]),
      at(10),
    )
    engine.cancel(tasks[3]?.id ?? '', at(10))
    engine.enqueue([sized(10)], at(10))
  })
  expect(look()).toEqual(before)
  expect(unpackLeases(claim().frames).map(({ id }) => id)).toEqual(
    tasks.slice(1).map(({ id }) => id),
  )
})

it('a task whose body is gone fails, and tasks behind it run', () => {
  const tasks = Array.from({ length: 3 }, () => sized(10))
  does(() => engine.enqueue(tasks, at(0)))
  database.exec('DELETE FROM bodies_1 WHERE seq = 2')
  const leases = unpackLeases(claim().frames)
  expect(leases.map(({ id }) => id)).toEqual([tasks[0]?.id, tasks[2]?.id])
  const [lost] = engine.get([tasks[1]?.id ?? ''])
  expect(lost).toMatchObject({ state: 'failed', error: expect.stringContaining('body') })
  expect(engine.stats(at(9))).toMatchObject({ queued: 0, running: 2, failed: 1 })
})

it('the same large task twice in one call is one task, with its body', () => {
  const task = sized(mebibyte + 5)
  expect(does(() => engine.enqueue([task, { ...task }], at(0)))).toEqual(['created', 'known'])
  while (does(() => engine.prune(forever, at(1)))) {}
  expect(claim().unread).toMatchObject({ id: task.id })
  expect(engine.readBody(task.id, mebibyte).length).toBe(5)
})
