/**
 * The thread that owns a node's database, so that an fsync never holds up the event loop. All calls
 * that wait when it looks run in one transaction and share its fsync: a group commit. Answers go
 * out after the commit that holds them.
 */
import type { DatabaseSync } from 'node:sqlite'
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { TmError } from '../../../core/errors.ts'
import type { PackedLeases } from '../../../core/leases.ts'
import type { NewTask } from '../../../core/task.ts'
import { isLarge } from './bodies.ts'
import { createCopier } from './copy.ts'
import { createEngine } from './engine.ts'
import { databaseFile, openDatabase } from './file.ts'
import type { Engine, StoreMethod } from './methods.ts'
import { inTransaction } from './transaction.ts'

export interface Call {
  /** Numbered by the caller, who gets the answer under this number. */
  call: number
  method: StoreMethod | 'copyTo' | 'close'
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
  const copier = createCopier(database, databaseFile(folder))
  /** Calls whose large bodies are stored before they run. */
  const uploads: Call[] = []

  port.on('message', (first: Call[]) => {
    const calls = group(port, first)
    const closing = calls.find(({ method }) => method === 'close')
    const isIdle = uploads.length === 0
    if (!closing) uploads.push(...calls.filter(hasLargeBody))
    for (const call of calls) if (call.method === 'copyTo') void copy(call)
    answer(calls.filter((call) => isForEngine(call) && !uploads.includes(call)))
    if (closing) close(closing)
    else if (isIdle && uploads.length > 0) setImmediate(upload)
  })

  function answer(calls: Call[]): void {
    const replies = runTogether(database, engine, calls)
    port.postMessage(replies, framesIn(replies))
  }

  /** One part of one body; then whoever has come meanwhile has a turn. */
  function upload(): void {
    const [call] = uploads
    if (!call) return
    if (!storePart(database, engine, call)) {
      answer([call])
      for (const task of tasksOf(call)) engine.forget(task)
      uploads.shift()
    }
    if (uploads.length > 0) setImmediate(upload)
  }

  /** What is asked for in the same turn may be in it. */
  async function copy({ call, args: [target] }: Call): Promise<void> {
    try {
      await copier.copy(target as string)
      port.postMessage([{ call, value: undefined }] satisfies Reply[])
    } catch (error) {
      port.postMessage([{ call, error: explain(error) }] satisfies Reply[])
    }
  }

  function close({ call }: Call): void {
    copier.stop()
    answer(uploads.splice(0))
    try {
      inTransaction(database, engine, engine.keepAll)
    } catch {
      // A full disk: their tasks will be queued again instead.
    }
    database.close()
    port.postMessage([{ call, value: undefined }] satisfies Reply[])
    port.close()
  }
}

function group(port: MessagePort, first: Call[]): Call[] {
  const calls = [...first]
  while (calls.length < maxGroup) {
    const next = receiveMessageOnPort(port)
    if (!next) break
    calls.push(...(next.message as Call[]))
  }
  return calls
}

function isForEngine({ method }: Call): boolean {
  return method !== 'copyTo' && method !== 'close'
}

function tasksOf({ method, args: [tasks] }: Call): NewTask[] {
  return method === 'enqueue' ? (tasks as NewTask[]) : []
}

function hasLargeBody(call: Call): boolean {
  return tasksOf(call).some(isLarge)
}

/** False when there is no more of this call's bodies to store, or it can't be. */
function storePart(database: DatabaseSync, engine: Engine, call: Call): boolean {
  const large = tasksOf(call).filter(isLarge)
  try {
    return inTransaction(database, engine, () => large.some(engine.storePart))
  } catch {
    // The call itself says why, when it runs.
    return false
  }
}

/** One transaction for all; if one call can't be done, each gets a transaction of its own. */
function runTogether(database: DatabaseSync, engine: Engine, calls: Call[]): Reply[] {
  if (calls.length === 0) return []
  try {
    return inTransaction(database, engine, () => calls.map((call) => run(engine, call)))
  } catch (error) {
    if (calls.length === 1) return calls.map(({ call }) => ({ call, error: explain(error) }))
    return calls.flatMap((call) => runTogether(database, engine, [call]))
  }
}

function run(engine: Engine, { call, method, args }: Call): Reply {
  const body = engine[method as StoreMethod] as (...args: unknown[]) => unknown
  return { call, value: body(...args) }
}

/** Leases move instead of being copied: they are most of what is sent. */
function framesIn(replies: Reply[]): ArrayBuffer[] {
  return replies.flatMap((reply) => {
    const frames = 'value' in reply && (reply.value as Partial<PackedLeases> | null)?.frames
    return frames ? [frames.buffer] : []
  })
}

/** SQLite's result codes, sqlite.org/rescode.html: 13 is FULL; 10 with "disk" is an I/O error. */
function explain(error: unknown): unknown {
  if (error instanceof TmError) return error.toJSON()
  const { errcode, code } = error as { errcode?: number; code?: string }
  if ((errcode !== undefined && (errcode & 0xff) === 13) || code === 'ENOSPC') {
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
