/** How many failed attempts a node keeps in all. */
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { createAttempts } from '../../../src/node/store/sqlite/attempts.ts'
import { schema } from '../../../src/node/store/sqlite/schema.ts'
import { createTransaction } from '../../../src/node/store/sqlite/transaction.ts'

it('are the newest ten thousand; older ones go in small steps', () => {
  const database = new DatabaseSync(':memory:')
  database.exec(schema)
  database.exec(`INSERT INTO attempts (seq, attempt, worker, started_at, ended_at, error)
    WITH RECURSIVE up (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM up WHERE n < 10035)
    SELECT n, 1, 'w', 0, 0, 'x' FROM up`)
  const insertTask = database.prepare(`INSERT INTO tasks (seq, id, state, kind, spec, cost, size,
    run_at, enqueued_at) VALUES (?, ?, 3, 'command', '', 1, 0, 0, 0)`)
  for (let seq = 1; seq <= 10_035; seq += 1) insertTask.run(seq, Buffer.from(String(seq)))
  const transaction = createTransaction(database)
  const attempts = createAttempts(database, transaction)
  const left = () => Number(database.prepare('SELECT count(*) AS n FROM attempts').get()?.n)
  const steps: number[] = []
  while (transaction.run(attempts.reclaim)) steps.push(left())
  expect(steps).toEqual([10_025, 10_015, 10_005, 10_000])
  expect(attempts.of(35)).toEqual([])
  expect(attempts.of(36)).toHaveLength(1)
  database.close()
})
