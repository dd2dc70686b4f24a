/**
 * The thread that owns a node's database, so that an fsync never holds up the event loop. All calls
 * that wait when it looks run in one transaction and share its fsync: a group commit. Answers go
 * out after the commit that holds them.
 */
import type { DatabaseSync } from 'node:sqlite'
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { TmError } from '../../../core/errors.ts'
import { createEngine } from './engine.ts'
import { openDatabase } from './file.ts'
import type { Engine } from './methods.ts'

export interface Call {
  /** Numbered by the caller, who gets the answer under this number. */
  call: number
  method: Exclude<keyof Engine, 'counters'> | 'close'
  args: unknown[]
}

export type Reply = { call: number; value: unknown } | { call: number; error: unknown }

/** One message carries all calls, or all replies, of one turn. */
export type Opening = { ready: true } | { ready: false; error: unknown }

export interface ThreadData {
  folder: string
}

/** Calls in one transaction at the most: bounds how long the first of them waits. */
const maxGroup = 4096

function serve(port: MessagePort, { folder }: ThreadData): void {
  const database = openDatabase(folder)
  const engine = createEngine(database)
  port.on('message', (first: Call[]) => {
    const calls = [...first]
    while (calls.length < maxGroup) {
      const next = receiveMessageOnPort(port)
      if (!next) break
      calls.push(...(next.message as Call[]))
    }
    const closing = calls.find(({ method }) => method === 'close')
    const replies = runTogether(
      database,
      engine,
      calls.filter((call) => call !== closing),
    )
    if (closing) {
      database.close()
      replies.push({ call: closing.call, value: undefined })
    }
    port.postMessage(replies)
    if (closing) port.close()
  })
}

/** One transaction for all; if one call can't be done, each gets a transaction of its own. */
function runTogether(database: DatabaseSync, engine: Engine, calls: Call[]): Reply[] {
  try {
    return inTransaction(database, engine, () => calls.map((call) => run(engine, call)))
  } catch (error) {
    if (calls.length === 1) return calls.map(({ call }) => ({ call, error: explain(error) }))
    return calls.flatMap((call) => runTogether(database, engine, [call]))
  }
}

function run(engine: Engine, { call, method, args }: Call): Reply {
  const body = engine[method as Exclude<typeof method, 'close'>] as (...args: unknown[]) => unknown
  return { call, value: body(...args) }
}

function inTransaction<T>(database: DatabaseSync, engine: Engine, work: () => T): T {
  const before = { ...engine.counters }
  try {
    database.exec('BEGIN IMMEDIATE')
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    Object.assign(engine.counters, before)
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

/** SQLite's result codes, sqlite.org/rescode.html: 13 is FULL; 10 with "disk" is an I/O error. */
function explain(error: unknown): unknown {
  const code = (error as { errcode?: number }).errcode
  if (code !== undefined && (code & 0xff) === 13) {
    return new TmError('storage_full', 'The disk of this node is full: nothing was stored', {
      suggestions: ['Make room on the disk of the node, then try again.'],
    }).toJSON()
  }
  return error
}

const port = parentPort as MessagePort
try {
  serve(port, workerData as ThreadData)
  port.postMessage({ ready: true } satisfies Opening)
} catch (error) {
  const known = error instanceof TmError ? error.toJSON() : error
  port.postMessage({ ready: false, error: known } satisfies Opening)
}
