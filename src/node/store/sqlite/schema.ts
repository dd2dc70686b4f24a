/** The tables of a node's database, and the marks by which a file is recognized as one. */
import { canary, gpus, growth, keys, needs, pauses } from './job-columns.ts'

/** "tmq1" in ASCII, in the header of the file (SQLite file format, 1.3.17). */
export const applicationId = 0x746d7131
/** Increases with every change to the tables. A node refuses a file of a newer version. */
export const schemaVersion = 6

/** The numbers of the states in the database. */
export const stateNumbers = { queued: 0, running: 1, succeeded: 2, failed: 3, cancelled: 4 }

/**
 * A claim looks at tasks without a job, and at each job that has queued tasks. Returned tasks were
 * attempted and wait to run again; fresh ones were never attempted.
 */
const queues = `
  CREATE INDEX returned_by_time ON tasks (run_at, seq) WHERE state = 0 AND attempt > 0 AND job IS NULL;
  CREATE INDEX returned_of_jobs ON tasks (job, run_at, seq)
    WHERE state = 0 AND attempt > 0 AND job IS NOT NULL;
  CREATE INDEX fresh_of_jobs ON tasks (job, seq) WHERE state = 0 AND attempt = 0 AND job IS NOT NULL;
`

const indexes = `
  CREATE INDEX leases_by_expiry ON tasks (lease_until) WHERE state = 1;
  CREATE INDEX uploads ON tasks (upload) WHERE upload IS NOT NULL;
  CREATE INDEX unsuccessful_by_age ON tasks (finished_at) WHERE state > 2;
`

const resultsTable = (columns: string) => `
  CREATE TABLE results (
    done_seq INTEGER PRIMARY KEY,
    seq INTEGER NOT NULL,
    id BLOB NOT NULL,
    ${columns}
    attempt INTEGER NOT NULL,
    worker TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    finished_at INTEGER NOT NULL,
    pulled INTEGER NOT NULL DEFAULT 0,
    result BLOB NOT NULL
  ) STRICT;
  CREATE INDEX pulled_by_age ON results (finished_at) WHERE pulled = 1;
`

/** Large bodies in parts of 1 MiB, by the number of their upload. */
const parts = `
  CREATE TABLE parts (
    upload INTEGER NOT NULL,
    part INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (upload, part)
  ) STRICT;
`

/** Jobs, and the outputs of their tasks in parts of 1 MiB, by the attempt that wrote them. */
const jobs = `
  CREATE TABLE jobs (
    job INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    definition TEXT NOT NULL
  ) STRICT;
  CREATE TABLE outputs (
    seq INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    part INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (seq, attempt, part)
  ) STRICT;
  CREATE INDEX tasks_of_jobs ON tasks (job, state, seq) WHERE job IS NOT NULL;
`

/** What the tasks of jobs share, in parts of 1 MiB. A row without a hash is about to be removed. */
const shared = `
  CREATE TABLE shared (
    shared INTEGER PRIMARY KEY,
    sha256 BLOB UNIQUE,
    size INTEGER NOT NULL,
    verified INTEGER NOT NULL DEFAULT 0,
    used_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE shared_parts (
    shared INTEGER NOT NULL,
    part INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (shared, part)
  ) STRICT;
  CREATE TABLE shared_of_jobs (
    shared INTEGER NOT NULL,
    job INTEGER NOT NULL REFERENCES jobs (job) ON DELETE CASCADE,
    PRIMARY KEY (shared, job)
  ) STRICT;
  CREATE INDEX shared_by_job ON shared_of_jobs (job);
`

/** Failed attempts of commands: how they ended, and the last of what they wrote. */
const attempts = `
  CREATE TABLE attempts (
    number INTEGER PRIMARY KEY,
    seq INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    worker TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    error TEXT NOT NULL,
    ending TEXT,
    stdout BLOB,
    stdout_bytes INTEGER,
    stderr BLOB,
    stderr_bytes INTEGER,
    UNIQUE (seq, attempt)
  ) STRICT;
`

/** One row with the counts. A task with a lease that is only in memory counts as queued. */
const counts = `
  CREATE TABLE counts (
    queued INTEGER NOT NULL,
    running INTEGER NOT NULL,
    succeeded INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    cancelled INTEGER NOT NULL,
    unpulled INTEGER NOT NULL,
    next_seq INTEGER NOT NULL,
    next_done INTEGER NOT NULL,
    fresh_from INTEGER NOT NULL
  ) STRICT;
`

/**
 * `seq` is the order of arrival and `done_seq` the order of results. Rows that change are small;
 * bodies and results never change and have tables of their own, which are written at the end.
 *
 * Tasks that were never attempted wait in the order of `seq`, which needs no index; only returned
 * tasks are found by time. Each partial index holds only the rows it serves, so claims, expiries
 * and newest results cost the same at any size. `run_at` and `lease_until` are steady milliseconds;
 * the other times are wall-clock milliseconds.
 */
export const schema = `
  CREATE TABLE tasks (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    state INTEGER NOT NULL,
    kind TEXT NOT NULL,
    spec TEXT NOT NULL,
    cost INTEGER NOT NULL,
    size INTEGER NOT NULL,
    upload INTEGER,
    attempt INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    run_at INTEGER NOT NULL,
    enqueued_at INTEGER NOT NULL,
    done_seq INTEGER,
    lease_until INTEGER,
    worker TEXT,
    started_at INTEGER,
    finished_at INTEGER,
    error TEXT,
    job INTEGER,
    losses INTEGER NOT NULL DEFAULT 0,
    ending TEXT
  ) STRICT;
  CREATE TABLE bodies (seq INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
  CREATE TABLE documents (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  ${resultsTable('')}
  ${parts}
  ${counts}
  ${indexes}
  ${jobs}
  ${shared}
  ${attempts}
  ${keys}
  ${pauses}
  ${canary}
  ${queues}
  ${needs}
  ${growth}
  ${gpus}
  INSERT INTO counts VALUES (0, 0, 0, 0, 0, 0, 1, 1, 1);
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${schemaVersion};
`

/** Each migrates the version before to the version of its key. */
export const migrations: Record<number, string> = {
  2: `
    ${resultsTable('iterations INTEGER NOT NULL,')}
    ${parts}
    ${counts}
    INSERT INTO results SELECT done_seq, seq, id, iterations, attempt, worker, started_at, finished_at,
      pulled, result FROM tasks WHERE done_seq IS NOT NULL;
    DROP INDEX queued_by_time;
    DROP INDEX leases_by_expiry;
    DROP INDEX results_by_age;
    ALTER TABLE tasks DROP COLUMN result;
    ALTER TABLE tasks DROP COLUMN pulled;
    ALTER TABLE tasks ADD COLUMN upload INTEGER;
    CREATE INDEX returned_by_time ON tasks (run_at, seq) WHERE state = 0 AND attempt > 0;
    ${indexes}
    INSERT INTO counts SELECT
      count(*) FILTER (WHERE state = 0),
      count(*) FILTER (WHERE state = 1),
      count(*) FILTER (WHERE state = 2),
      count(*) FILTER (WHERE state = 3),
      count(*) FILTER (WHERE state = 4),
      (SELECT count(*) FROM results WHERE pulled = 0),
      ifnull(max(seq), 0) + 1,
      (SELECT ifnull(max(done_seq), 0) + 1 FROM results),
      1
      FROM tasks;
    PRAGMA user_version = 2;
  `,
  // Before there were kinds of work, every task was iterated SHA-512 and had a column for it.
  3: `
    ALTER TABLE tasks ADD COLUMN kind TEXT NOT NULL DEFAULT 'sha512';
    ALTER TABLE tasks ADD COLUMN spec TEXT NOT NULL DEFAULT '';
    ALTER TABLE tasks ADD COLUMN cost INTEGER NOT NULL DEFAULT 0;
    UPDATE tasks SET spec = '{"iterations":' || iterations || '}',
      cost = (size + 17 + 127) / 128 + iterations - 1;
    ALTER TABLE tasks DROP COLUMN iterations;
    ALTER TABLE results DROP COLUMN iterations;
    PRAGMA user_version = 3;
  `,
  4: `
    ALTER TABLE tasks ADD COLUMN job INTEGER;
    ALTER TABLE tasks ADD COLUMN losses INTEGER NOT NULL DEFAULT 0;
    ${jobs}
    PRAGMA user_version = 4;
  `,
  5: `
    ${shared}
    ALTER TABLE tasks ADD COLUMN ending TEXT;
    ${attempts}
    ${keys}
    ${pauses}
    ${canary}
    DROP INDEX returned_by_time;
    ${queues}
    ${needs}
    PRAGMA user_version = 5;
  `,
  6: `
    ${growth}
    ${gpus}
    PRAGMA user_version = 6;
  `,
}
