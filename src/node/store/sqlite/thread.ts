/**
 * The thread that owns a node's database, so that an fsync never holds up the event loop of the
 * node. All calls that wait when it looks share a transaction (a group commit), and are answered
 * after its commit. Large bodies are stored first, part by part, so that other calls get their turn
 * in between.
 */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import type { PackedLeases } from '../../../api/leases.ts'
import type { AcceptedTask } from '../../../core/task.ts'
import { isLarge } from './bodies.ts'
import { createCopier } from './copy.ts'
import { createEngine } from './engine.ts'
import { databaseFile, openDatabase } from './file.ts'
import { createGroupCommit, failed } from './group-commit.ts'
import { type Call, type Opening, type Reply, type ThreadData, toMessage } from './messages.ts'
import { type CallMessage, unpackCalls } from './task-columns.ts'
import { createTransaction } from './transaction.ts'

/** Calls in one transaction at the most: bounds how long the first of them waits. */
const maxGroup = 4096

function serve(port: MessagePort, { folder }: ThreadData): void {
  const database = openDatabase(folder)
  const transaction = createTransaction(database)
  const engine = createEngine(database, transaction)
  const runTogether = createGroupCommit(transaction, engine)
  const copier = createCopier(database, databaseFile(folder))
  /** Calls whose large bodies are being stored: of the first one now, of the others later. */
  const uploads: Call[] = []

  port.on('message', (first: CallMessage) => {
    const calls = Object.groupBy(takeGroup(port, first), kindOf)
    for (const call of calls.copy ?? []) void copy(call)
    answer(calls.quick ?? [])
    if (calls.upload) beginUploads(calls.upload)
    if (calls.close?.[0]) close(calls.close[0])
  })

  function answer(calls: Call[]): void {
    if (calls.length === 0) return
    const replies = runTogether(calls)
    port.postMessage(replies, framesIn(replies))
  }

  function beginUploads(calls: Call[]): void {
    if (uploads.length === 0) setImmediate(upload)
    uploads.push(...calls)
  }

  /** Stores one part of one body, or runs its call once all parts are there. */
  function upload(): void {
    const [call] = uploads
    if (!call) return
    if (!storePart(call)) {
      answer([call])
      for (const task of tasksOf(call)) engine.forget(task)
      uploads.shift()
    }
    if (uploads.length > 0) setImmediate(upload)
  }

  /** False if all parts of this call's bodies are stored, or if one can't be. */
  function storePart(call: Call): boolean {
    const large = tasksOf(call).filter(isLarge)
    try {
      return transaction.run(() => large.some(engine.storePart))
    } catch {
      // The call will meet the same error when it runs, and report it.
      return false
    }
  }

  /** The copy may contain what other calls of the same turn do. */
  async function copy({ number, args: [target] }: Call): Promise<void> {
    const reply = await copier.copy(target as string).then(
      (): Reply => ({ number, value: undefined }),
      (error) => failed(number, error),
    )
    port.postMessage([reply])
  }

  function close({ number }: Call): void {
    copier.stop()
    answer(uploads.splice(0))
    try {
      transaction.run(engine.persistAll)
    } catch {
      // The disk is full: tasks with a lease that is only in memory are queued again.
    }
    database.close()
    port.postMessage([{ number, value: undefined }] satisfies Reply[])
    port.close()
  }
}

/** These calls, and those of all messages that wait behind them. */
function takeGroup(port: MessagePort, first: CallMessage): Call[] {
  const calls = unpackCalls(first)
  while (calls.length < maxGroup) {
    const next = receiveMessageOnPort(port)
    if (!next) break
    calls.push(...unpackCalls(next.message as CallMessage))
  }
  return calls
}

function kindOf(call: Call): 'quick' | 'upload' | 'copy' | 'close' {
  if (call.method === 'copyTo') return 'copy'
  if (call.method === 'close') return 'close'
  return tasksOf(call).some(isLarge) ? 'upload' : 'quick'
}

function tasksOf({ method, args: [tasks] }: Call): AcceptedTask[] {
  return method === 'enqueue' ? (tasks as AcceptedTask[]) : []
}

/** Leases, and parts of files, move instead of being copied: they are most of what is sent. */
function framesIn(replies: Reply[]): ArrayBuffer[] {
  return replies.flatMap((reply) => {
    const value = 'value' in reply ? reply.value : undefined
    if (value instanceof Uint8Array) return [value.buffer as ArrayBuffer]
    const frames = (value as Partial<PackedLeases> | null | undefined)?.frames
    return frames ? [frames.buffer] : []
  })
}

const port = parentPort as MessagePort
try {
  serve(port, workerData as ThreadData)
  port.postMessage({ ready: true } satisfies Opening)
} catch (error) {
  port.postMessage({ ready: false, error: toMessage(error) } satisfies Opening)
}
