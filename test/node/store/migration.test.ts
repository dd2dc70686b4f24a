/** A database of an older tm: opened, brought up to date, and nothing in it lost. */

import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { packResults } from '../../../src/core/reports.ts'
import { openSqliteStore } from '../../../src/node/store/sqlite/sqlite.ts'
import { at, bytes, claim, digest, epoch, hexOf, lease, newId } from '../../contract/store/held.ts'
import { type Folder, shareCompiledCode, temporaryFolder } from './folder.ts'

shareCompiledCode()

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

it('brings version 1 up to date', async () => {
  const ids = Array.from({ length: 6 }, newId)
  const database = new DatabaseSync(join(own.folder, 'queue.db'))
  database.exec(`PRAGMA journal_mode = WAL; ${first}`)
  const insert = database.prepare(`INSERT INTO tasks (seq, id, state, iterations, size, attempt,
    failures, run_at, lease_until, worker, enqueued_at, started_at, finished_at, done_seq, pulled,
    result, error) VALUES (?, ?, ?, 7, 4, ?, ?, ${epoch}, ?, ?, ${epoch}, ?, ?, ?, ?, ?, ?)`)
  const key = (index: number) => Buffer.from((ids[index] as string).replaceAll('-', ''), 'hex')
  insert.run(1, key(0), 2, 1, 0, null, 'w1', epoch + 1, epoch + 2, 1, 1, digest(1), null)
  insert.run(2, key(1), 2, 2, 1, null, 'w1', epoch + 1, epoch + 3, 2, 0, digest(2), null)
  insert.run(3, key(2), 0, 0, 0, null, null, null, null, null, 0, null, null)
  insert.run(4, key(3), 1, 1, 0, epoch + 9, 'w1', epoch + 1, null, null, 0, null, null)
  insert.run(5, key(4), 3, 5, 5, null, 'w1', epoch + 1, epoch + 4, null, 0, null, 'no')
  insert.run(6, key(5), 4, 0, 0, null, null, null, epoch + 5, null, 0, null, null)
  for (const seq of [3, 4, 5]) database.exec(`INSERT INTO bodies VALUES (${seq}, x'0102030${seq}')`)
  database.exec(`INSERT INTO documents VALUES ('settings', '{"tick":20}')`)
  database.close()

  for (let start = 0; start < 2; start += 1) {
    const store = await openSqliteStore({ folder: own.folder })
    const { tasks } = await store.list({ limit: 9 })
    expect(tasks.map(({ id, state }) => [id, state])).toEqual([
      [ids[0], 'succeeded'],
      [ids[1], 'succeeded'],
      [ids[2], 'queued'],
      [ids[3], 'running'],
      [ids[4], 'failed'],
      [ids[5], 'cancelled'],
    ])
    expect(tasks[1]).toMatchObject({ result: hexOf(2), attempts: 2, completedAt: epoch + 3 })
    expect(await store.stats(at(10))).toEqual({
      ...{ queued: 1, running: 1, succeeded: 2, failed: 1, cancelled: 1 },
      ...{ backlog: 1, oldestWait: 10, unpulled: 1 },
    })
    const { results } = await store.results({ limit: 9 })
    expect(results.map(({ id }) => id)).toEqual([ids[1], ids[0]])
    expect(await store.load('settings')).toEqual({ tick: 20 })
    await store.close()
  }

  const store = await openSqliteStore({ folder: own.folder })
  await store.resume(lease, at(10))
  await store.retry(ids[4] as string, at(11))
  const report = { id: ids[3] as string, attempt: 1, result: digest(3) }
  expect(await store.complete('w1', packResults([report]), at(12))).toEqual(['done'])
  const leases = await claim(store, 13, { max: 9 })
  expect(leases.map(({ id, body }) => [id, body])).toEqual([
    [ids[2], new Uint8Array([1, 2, 3, 3])],
    [ids[4], new Uint8Array([1, 2, 3, 5])],
  ])
  await store.enqueue([{ id: newId(), iterations: 1, body: bytes('new') }], at(14))
  expect(await claim(store, 15)).toMatchObject([{ body: bytes('new') }])
  await store.close()
})
