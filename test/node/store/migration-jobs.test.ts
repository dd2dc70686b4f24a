/** A database with jobs that the first tm with `tm run` made: its jobs go on. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openStore } from '../../../src/node/store/open.ts'
import { at, bytes, claim, digest, epoch, lease, newId, roomy } from '../../contract/store/held.ts'
import { type Folder, temporaryFolder } from './folder.ts'

let own: Folder
beforeEach(() => {
  own = temporaryFolder()
})
afterEach(() => own.remove())

/** Version 4: jobs and outputs, without what tasks need, share and keep. */
const fourth = `
  CREATE TABLE tasks (
    seq INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, state INTEGER NOT NULL, kind TEXT NOT NULL,
    spec TEXT NOT NULL, cost INTEGER NOT NULL, size INTEGER NOT NULL, upload INTEGER,
    attempt INTEGER NOT NULL DEFAULT 0, failures INTEGER NOT NULL DEFAULT 0,
    run_at INTEGER NOT NULL, enqueued_at INTEGER NOT NULL, done_seq INTEGER, lease_until INTEGER,
    worker TEXT, started_at INTEGER, finished_at INTEGER, error TEXT, job INTEGER,
    losses INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE TABLE bodies (seq INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
  CREATE TABLE documents (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE results (
    done_seq INTEGER PRIMARY KEY, seq INTEGER NOT NULL, id BLOB NOT NULL, attempt INTEGER NOT NULL,
    worker TEXT NOT NULL, started_at INTEGER NOT NULL, finished_at INTEGER NOT NULL,
    pulled INTEGER NOT NULL DEFAULT 0, result BLOB NOT NULL
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
  CREATE TABLE jobs (job INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE,
    created_at INTEGER NOT NULL, definition TEXT NOT NULL) STRICT;
  CREATE TABLE outputs (seq INTEGER NOT NULL, attempt INTEGER NOT NULL, part INTEGER NOT NULL,
    bytes BLOB NOT NULL, PRIMARY KEY (seq, attempt, part)) STRICT;
  CREATE INDEX tasks_of_jobs ON tasks (job, state, seq) WHERE job IS NOT NULL;
  INSERT INTO counts VALUES (3, 0, 1, 0, 0, 1, 5, 2, 1);
  PRAGMA application_id = ${0x746d7131};
  PRAGMA user_version = 4;
`

it('brings jobs of version 4 up to date', async () => {
  const [job = '', ...ids] = Array.from({ length: 5 }, newId)
  const definition = '{"line":"true","job":{"memoryUpTo":8}}'
  const key = (id = '') => Buffer.from(id.replaceAll('-', ''), 'hex')
  const database = new DatabaseSync(join(own.folder, 'queue.db'))
  database.exec(`PRAGMA journal_mode = WAL; ${fourth}`)
  database.prepare('INSERT INTO jobs VALUES (1, ?, ?, ?)').run(key(job), epoch, definition)
  const insert =
    database.prepare(`INSERT INTO tasks (seq, id, state, kind, spec, cost, size, attempt,
    run_at, enqueued_at, done_seq, job) VALUES (?, ?, ?, 'command', '{}', 1, 0, ?, ${epoch}, ${epoch}, ?, ?)`)
  insert.run(1, key(ids[0]), 2, 1, 1, 1)
  insert.run(2, key(ids[1]), 0, 1, null, 1)
  insert.run(3, key(ids[2]), 0, 0, null, 1)
  insert.run(4, key(ids[3]), 0, 0, null, null)
  for (const seq of [2, 3, 4]) database.exec(`INSERT INTO bodies VALUES (${seq}, x'')`)
  database
    .prepare(`INSERT INTO results VALUES (1, 1, ?, 1, 'w1', ${epoch}, ${epoch}, 0, ?)`)
    .run(key(ids[0]), digest(1))
  database.exec(`INSERT INTO outputs VALUES (1, 1, 0, x'6f7574')`)
  database.close()

  const store = await openStore(`sqlite:${own.folder}`)
  await store.tasks.resume(lease, at(0))
  expect(await store.jobs.getJob(job)).toMatchObject({ counts: { queued: 2, succeeded: 1 } })
  expect(await store.jobs.readOutput(ids[0] as string, 0)).toEqual(bytes('out'))
  const ofJob = await claim(store.tasks, 10, { max: 9, maxWork: 0, room: roomy })
  expect(ofJob.map(({ id, job: of, attempt }) => [id, of, attempt])).toEqual([
    [ids[1], job, 2],
    [ids[2], job, 1],
  ])
  // Since version 6 a task may need more memory than its job says.
  const [grows] = ofJob
  const report = { id: grows?.id ?? '', attempt: 2, error: 'x', delay: 0, memory: 1 }
  expect(await store.tasks.fail('w1', [report], 3, at(20))).toEqual(['done'])
  const grown = await claim(store.tasks, 30, { max: 9, maxWork: 0, room: roomy })
  expect(grown.map(({ needs }) => needs?.memory)).toEqual([1])
  expect((await claim(store.tasks, 10, { max: 9 })).map(({ id }) => id)).toEqual([ids[3]])
  await store.close()
})
