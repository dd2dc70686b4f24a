/** The tables of a node's database, and what makes a file recognisable as one. */

/** "tmq1" in ASCII, in the header of the file (SQLite file format, 1.3.17). */
export const applicationId = 0x746d7131
/** Goes up with every change to the tables; a node refuses a file that is newer than itself. */
export const schemaVersion = 1

/** The position of a state in this list is its number in the database. */
export const stateNumbers = { queued: 0, running: 1, succeeded: 2, failed: 3, cancelled: 4 }

/**
 * `seq` is the order of arrival and `done_seq` the order of results. Bodies are kept apart from the
 * row that changes with every attempt, so that a change never rewrites them. The partial indexes
 * hold only the rows they serve: claims, expiries and newest results cost the same at any size.
 * `run_at` and `lease_until` are steady milliseconds, the `*_at` of people wall-clock ones.
 */
export const schema = `
  CREATE TABLE tasks (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    state INTEGER NOT NULL,
    iterations INTEGER NOT NULL,
    size INTEGER NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    run_at INTEGER NOT NULL,
    lease_until INTEGER,
    worker TEXT,
    enqueued_at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER,
    done_seq INTEGER,
    pulled INTEGER NOT NULL DEFAULT 0,
    result BLOB,
    error TEXT
  ) STRICT;
  CREATE INDEX queued_by_time ON tasks (run_at, seq) WHERE state = 0;
  CREATE INDEX leases_by_expiry ON tasks (lease_until) WHERE state = 1;
  CREATE UNIQUE INDEX results_by_age ON tasks (done_seq) WHERE done_seq IS NOT NULL;
  CREATE TABLE bodies (seq INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
  CREATE TABLE documents (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${schemaVersion};
`
