/** What versions 5 and 6 add to the tables of tasks and jobs, for new databases and for older ones. */

/** What makes a task of a job the same as an earlier one: 32 bytes. */
export const keys = `
  ALTER TABLE tasks ADD COLUMN key BLOB;
  CREATE INDEX tasks_by_key ON tasks (key) WHERE key IS NOT NULL;
`

/** Whether a job is paused, and why; what of its tasks' failures decides that. */
export const pauses = `
  ALTER TABLE jobs ADD COLUMN paused TEXT;
  ALTER TABLE jobs ADD COLUMN fail_fast INTEGER;
  ALTER TABLE jobs ADD COLUMN has_succeeded INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE jobs ADD COLUMN failed_tasks INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE jobs ADD COLUMN failed_alike TEXT;
`

/** Whether one worker at a time runs a job until a task has succeeded. */
export const canary = 'ALTER TABLE jobs ADD COLUMN canary INTEGER NOT NULL DEFAULT 0;'

/** What each task of a job needs: processors, bytes of memory, bytes of disk. */
export const needs = `
  ALTER TABLE jobs ADD COLUMN cpus INTEGER NOT NULL DEFAULT 1;
  ALTER TABLE jobs ADD COLUMN memory INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE jobs ADD COLUMN disk INTEGER NOT NULL DEFAULT 0;
`

/** Since version 6: the bytes of memory that a task gets since it ran out of what its job says; else null. */
export const growth = 'ALTER TABLE tasks ADD COLUMN grown_memory INTEGER;'

/** Since version 6: what each task of a job needs besides. */
export const gpus = 'ALTER TABLE jobs ADD COLUMN gpus INTEGER NOT NULL DEFAULT 0;'
