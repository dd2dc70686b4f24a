/** The tables of a node's database, and what makes a file recognisable as one. */

/** "tmq1" in ASCII, in the header of the file (SQLite file format, 1.3.17). */
export const applicationId = 0x746d7131
/** Goes up with every change to the tables; a node refuses a file that is newer than itself. */
export const schemaVersion = 2

/** The position of a state in this list is its number in the database. */
export const stateNumbers = { queued: 0, running: 1, succeeded: 2, failed: 3, cancelled: 4 }

const indexes = `
  CREATE INDEX returned_by_time ON tasks (run_at, seq) WHERE state = 0 AND attempt > 0;
  CREATE INDEX leases_by_expiry ON tasks (lease_until) WHERE state = 1;
  CREATE INDEX uploads ON tasks (upload) WHERE upload IS NOT NULL;
  CREATE INDEX unsuccessful_by_age ON tasks (finished_at) WHERE state > 2;
`

const results = `
  CREATE TABLE results (
    done_seq INTEGER PRIMARY KEY,
    seq INTEGER NOT NULL,
    id BLOB NOT NULL,
    iterations INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    worker TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    finished_at INTEGER NOT NULL,
    pulled INTEGER NOT NULL DEFAULT 0,
    result BLOB NOT NULL
  ) STRICT;
  CREATE INDEX pulled_by_age ON results (finished_at) WHERE pulled = 1;
`

/** A body that is stored in parts of 1 MiB, under the number of its upload. */
const parts = `
  CREATE TABLE parts (
    upload INTEGER NOT NULL,
    part INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (upload, part)
  ) STRICT;
`

/** One row: what would have to be counted. Volatile leases count as queued in it. */
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
 * `seq` is the order of arrival and `done_seq` the order of results. What changes is kept small and
 * apart from what does not: bodies, and results, which are written once, at the end of their table.
 *
 * A task that has never been attempted waits in the order of `seq` itself, which costs no index; only
 * those that came back are found by time. The partial indexes hold only the rows they serve: claims,
 * expiries and newest results cost the same at any size. `run_at` and `lease_until` are steady
 * milliseconds, the `*_at` of people wall-clock ones.
 */
export const schema = `
  CREATE TABLE tasks (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    state INTEGER NOT NULL,
    iterations INTEGER NOT NULL,
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
    error TEXT
  ) STRICT;
  CREATE TABLE bodies (seq INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
  CREATE TABLE documents (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  ${results}
  ${parts}
  ${counts}
  ${indexes}
  INSERT INTO counts VALUES (0, 0, 0, 0, 0, 0, 1, 1, 1);
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${schemaVersion};
`

/** From the version before to the version of the key. */
export const migrations: Record<number, string> = {
  2: `
    ${results}
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
}
