/** A database of an older tm is brought up to date, and nothing in it is lost. */

import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { packResults } from '../../../src/api/reports.ts'
import { openStore } from '../../../src/node/store/open.ts'
import { at, bytes, claim, digest, epoch, lease, newId } from '../../contract/store/held.ts'
import { sha512Task } from '../../support/sha512-task.ts'
import { type Folder, temporaryFolder } from './folder.ts'

let own: Folder
beforeEach(() => {
  own = temporaryFolder()
})
afterEach(() => own.remove())

/** Version 1, as tm 0.1 made it in November 2026. */
const first = `
  CREATE TABLE tasks (
    seq INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, state INTEGER NOT NULL,
    iterations INTEGER NOT NULL, size INTEGER NOT NULL, attempt INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0, run_at INTEGER NOT NULL, lease_until INTEGER, worker TEXT,
    enqueued_at INTEGER NOT NULL, started_at INTEGER, finished_at INTEGER, done_seq INTEGER,
    pulled INTEGER NOT NULL DEFAULT 0, result BLOB, error TEXT
  ) STRICT;
  CREATE INDEX queued_by_time ON tasks (run_at, seq) WHERE state = 0;
  CREATE INDEX leases_by_expiry ON tasks (lease_until) WHERE state = 1;
  CREATE UNIQUE INDEX results_by_age ON tasks (done_seq) WHERE done_seq IS NOT NULL;
  CREATE TABLE bodies (seq INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
  CREATE TABLE documents (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  PRAGMA application_id = ${0x746d7131};
  PRAGMA user_version = 1;
`

/** Version 2: results, large bodies and counts have tables of their own. */
const second = `
  CREATE TABLE tasks (
    seq INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, state INTEGER NOT NULL,
    iterations INTEGER NOT NULL, size INTEGER NOT NULL, upload INTEGER,
    attempt INTEGER NOT NULL DEFAULT 0, failures INTEGER NOT NULL DEFAULT 0,
    run_at INTEGER NOT NULL, enqueued_at INTEGER NOT NULL, done_seq INTEGER, lease_until INTEGER,
    worker TEXT, started_at INTEGER, finished_at INTEGER, error TEXT
  ) STRICT;
  CREATE TABLE bodies (seq INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
  CREATE TABLE documents (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE results (
    done_seq INTEGER PRIMARY KEY, seq INTEGER NOT NULL, id BLOB NOT NULL,
    iterations INTEGER NOT NULL, attempt INTEGER NOT NULL, worker TEXT NOT NULL,
    started_at INTEGER NOT NULL, finished_at INTEGER NOT NULL, pulled INTEGER NOT NULL DEFAULT 0,
    result BLOB NOT NULL
  ) STRICT;
  CREATE INDEX pulled_by_age ON results (finished_at) WHERE pulled = 1;
  CREATE TABLE parts (upload INTEGER NOT NULL, part INTEGER NOT NULL, bytes BLOB NOT NULL,
    PRIMARY KEY (upload, part)) STRICT;
  CREATE TABLE counts (
    queued INTEGER NOT NULL, running INTEGER NOT NULL, succeeded INTEGER NOT NULL,
    failed INTEGER NOT NULL, cancelled INTEGER NOT NULL, unpulled INTEGER NOT NULL,
    next_seq INTEGER NOT NULL, next_done INTEGER NOT NULL, fresh_from INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX returned_by_time ON tasks (run_at, seq) WHERE state = 0 AND attempt > 0;
  CREATE INDEX leases_by_expiry ON tasks (lease_until) WHERE state = 1;
  CREATE INDEX uploads ON tasks (upload) WHERE upload IS NOT NULL;
  CREATE INDEX unsuccessful_by_age ON tasks (finished_at) WHERE state > 2;
  INSERT INTO counts VALUES (1, 1, 2, 1, 1, 1, 7, 3, 1);
  PRAGMA application_id = ${0x746d7131};
  PRAGMA user_version = 2;
`

const keyOf = (id = '') => Buffer.from(id.replaceAll('-', ''), 'hex')

/** Six tasks of 4 bytes and 7 iterations: two succeeded, then one in each other state. */
function fillFirst(database: DatabaseSync, ids: string[]): void {
  const insert = database.prepare(`INSERT INTO tasks (seq, id, state, iterations, size, attempt,
    failures, run_at, lease_until, worker, enqueued_at, started_at, finished_at, done_seq, pulled,
    result, error) VALUES (?, ?, ?, 7, 4, ?, ?, ${epoch}, ?, ?, ${epoch}, ?, ?, ?, ?, ?, ?)`)
  const key = (index: number) => keyOf(ids[index])
  insert.run(1, key(0), 2, 1, 0, null, 'w1', epoch + 1, epoch + 2, 1, 1, digest(1), null)
  insert.run(2, key(1), 2, 2, 1, null, 'w1', epoch + 1, epoch + 3, 2, 0, digest(2), null)
  insert.run(3, key(2), 0, 0, 0, null, null, null, null, null, 0, null, null)
  insert.run(4, key(3), 1, 1, 0, epoch + 9, 'w1', epoch + 1, null, null, 0, null, null)
  insert.run(5, key(4), 3, 5, 5, null, 'w1', epoch + 1, epoch + 4, null, 0, null, 'no')
  insert.run(6, key(5), 4, 0, 0, null, null, null, epoch + 5, null, 0, null, null)
}

/** The same tasks. */
function fillSecond(database: DatabaseSync, ids: string[]): void {
  const insert = database.prepare(`INSERT INTO tasks (seq, id, state, iterations, size, attempt,
    failures, run_at, lease_until, worker, enqueued_at, started_at, finished_at, done_seq, error)
    VALUES (?, ?, ?, 7, 4, ?, ?, ${epoch}, ?, ?, ${epoch}, ?, ?, ?, ?)`)
  const key = (index: number) => keyOf(ids[index])
  insert.run(1, key(0), 2, 1, 0, null, null, null, null, 1, null)
  insert.run(2, key(1), 2, 2, 1, null, null, null, null, 2, null)
  insert.run(3, key(2), 0, 0, 0, null, null, null, null, null, null)
  insert.run(4, key(3), 1, 1, 0, epoch + 9, 'w1', epoch + 1, null, null, null)
  insert.run(5, key(4), 3, 5, 5, null, 'w1', epoch + 1, epoch + 4, null, 'no')
  insert.run(6, key(5), 4, 0, 0, null, null, null, epoch + 5, null, null)
  const done = database.prepare(`INSERT INTO results (done_seq, seq, id, iterations, attempt,
    worker, started_at, finished_at, pulled, result) VALUES (?, ?, ?, 7, ?, 'w1', ?, ?, ?, ?)`)
  done.run(1, 1, key(0), 1, epoch + 1, epoch + 2, 1, digest(1))
  done.run(2, 2, key(1), 2, epoch + 1, epoch + 3, 0, digest(2))
}

it.each([
  { version: 1, schema: first, fill: fillFirst },
  { version: 2, schema: second, fill: fillSecond },
])('brings version $version up to date', async ({ schema, fill }) => {
  const ids = Array.from({ length: 6 }, newId)
  const database = new DatabaseSync(join(own.folder, 'queue.db'))
  database.exec(`PRAGMA journal_mode = WAL; ${schema}`)
  fill(database, ids)
  for (const seq of [3, 4, 5]) database.exec(`INSERT INTO bodies VALUES (${seq}, x'0102030${seq}')`)
  database.exec(`INSERT INTO documents VALUES ('settings', '{"tick":20}')`)
  database.close()

  for (let start = 0; start < 2; start += 1) {
    const store = await openStore(`sqlite:${own.folder}`)
    const { tasks } = await store.tasks.list({ limit: 9 })
    expect(tasks.map(({ id, state }) => [id, state])).toEqual([
      [ids[0], 'succeeded'],
      [ids[1], 'succeeded'],
      [ids[2], 'queued'],
      [ids[3], 'running'],
      [ids[4], 'failed'],
      [ids[5], 'cancelled'],
    ])
    for (const task of tasks) {
      expect(task).toMatchObject({ kind: 'sha512', spec: '{"iterations":7}', size: 4 })
    }
    expect(tasks[1]).toMatchObject({ result: digest(2), attempts: 2, completedAt: epoch + 3 })
    expect(await store.tasks.stats(at(10))).toEqual({
      ...{ queued: 1, running: 1, succeeded: 2, failed: 1, cancelled: 1 },
      ...{ backlog: 1, oldestWait: 10, jobs: [], looseWait: 10, unpulled: 1 },
    })
    const { results } = await store.tasks.results({ limit: 9 })
    expect(results.map(({ id }) => id)).toEqual([ids[1], ids[0]])
    expect(await store.documents.load('settings')).toEqual({ tick: 20 })
    await store.close()
  }

  const store = await openStore(`sqlite:${own.folder}`)
  await store.tasks.resume(lease, at(10))
  await store.tasks.retry(ids[4] as string, at(11))
  const report = { id: ids[3] as string, attempt: 1, result: digest(3) }
  expect(await store.tasks.complete('w1', packResults([report]), at(12))).toEqual(['done'])
  const leases = await claim(store.tasks, 13, { max: 9 })
  const { cost } = sha512Task({ iterations: 7, body: new Uint8Array(4) })
  expect(leases.map((one) => [one.id, one.cost, one.body])).toEqual([
    [ids[2], cost, new Uint8Array([1, 2, 3, 3])],
    [ids[4], cost, new Uint8Array([1, 2, 3, 5])],
  ])
  await store.tasks.enqueue(
    [sha512Task({ id: newId(), iterations: 1, body: bytes('new') })],
    at(14),
  )
  expect(await claim(store.tasks, 15)).toMatchObject([{ body: bytes('new') }])
  await store.close()
})
