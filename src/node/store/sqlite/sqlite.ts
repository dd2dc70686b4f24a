/**
 * The store on SQLite, as the node sees it: calls go to the thread that owns the database. All
 * calls of one turn of the event loop travel in one message.
 */
import { Worker } from 'node:worker_threads'
import { isErrorCode, TmError } from '../../../core/errors.ts'
import type { NewTask } from '../../../core/task.ts'
import { threadFile } from '../../../core/thread-file.ts'
import type { Store } from '../store.ts'
import type { Call, Opening, Reply, ThreadData } from './thread.ts'

interface Waiting {
  resolve(value: unknown): void
  reject(error: unknown): void
}

const movedFrom = 1024 ** 2

/** Opens the database in `folder`, making it on the first start. Throws `damaged`, `conflict`. */
export async function openSqliteStore(options: ThreadData): Promise<Store> {
  const file = threadFile('./thread', import.meta.url)
  const thread = new Worker(file, { argv: ['store-thread'], workerData: options })
  await opened(thread)
  const calls = connect(thread)
  let closing: Promise<void> | undefined
  thread.once('error', calls.abandon)
  thread.once('exit', () => calls.abandon(new Error('the store is closed')))
  const bind = <K extends keyof Store>(method: K) =>
    ((...args: unknown[]) => calls.send(method, args)) as unknown as Store[K]
  return {
    resume: bind('resume'),
    enqueue: bind('enqueue'),
    claim: bind('claim'),
    readBody: bind('readBody'),
    renew: bind('renew'),
    complete: bind('complete'),
    fail: bind('fail'),
    release: bind('release'),
    reap: bind('reap'),
    tidy: bind('tidy'),
    cancel: bind('cancel'),
    retry: bind('retry'),
    get: bind('get'),
    list: bind('list'),
    results: bind('results'),
    markPulled: bind('markPulled'),
    stats: bind('stats'),
    load: bind('load'),
    save: bind('save'),
    copyTo: bind('copyTo'),
    close() {
      closing ??= bind('close')()
      return closing
    },
  }
}

/** Sends calls to the thread and hands its replies to whoever waits for them. */
function connect(thread: Worker) {
  const waiting = new Map<number, Waiting>()
  let outbox: Call[] = []
  let last = 0
  let failure: unknown

  thread.on('message', (replies: Reply[]) => {
    for (const reply of replies) {
      const { resolve, reject } = waiting.get(reply.call) as Waiting
      waiting.delete(reply.call)
      if ('error' in reply) reject(rebuild(reply.error))
      else resolve(reply.value)
    }
  })

  function flush(): void {
    const calls = outbox
    outbox = []
    try {
      thread.postMessage(calls, largeBodies(calls))
    } catch {
      // Nothing was sent: one of them holds what can't be copied, such as a function.
      for (const call of calls) sendAlone(call)
    }
  }

  function sendAlone(call: Call): void {
    try {
      thread.postMessage([call])
    } catch (error) {
      waiting.get(call.call)?.reject(error)
      waiting.delete(call.call)
    }
  }

  return {
    send(method: Call['method'], args: unknown[]): Promise<unknown> {
      if (failure) return Promise.reject(failure)
      if (outbox.length === 0) setImmediate(flush)
      last += 1
      const call = last
      outbox.push({ call, method, args })
      return new Promise((resolve, reject) => waiting.set(call, { resolve, reject }))
    },
    /** The thread is gone: nothing that still waits will be answered. */
    abandon(error: unknown): void {
      failure ??= error
      for (const { reject } of waiting.values()) reject(failure)
      waiting.clear()
    },
  }
}

/** Copying one of these would hold up the event loop. Not those that share memory with others. */
function largeBodies(calls: Call[]): ArrayBuffer[] {
  const tasks = calls.flatMap(({ method, args: [tasks] }) =>
    method === 'enqueue' ? (tasks as NewTask[]) : [],
  )
  const large = tasks.filter(({ body }) => {
    return body?.byteLength > movedFrom && body.byteLength === body.buffer.byteLength
  })
  return [...new Set(large.map(({ body }) => body.buffer))]
}

async function opened(thread: Worker): Promise<void> {
  const opening = await new Promise<Opening>((resolve, reject) => {
    thread.once('message', resolve)
    thread.once('error', reject)
  })
  if (!opening.ready) throw rebuild(opening.error)
}

/** Errors lose their class on the way between threads. */
function rebuild(error: unknown): unknown {
  const { code, message, suggestions } = error as Partial<TmError>
  return isErrorCode(code) ? new TmError(code, message ?? '', { suggestions }) : error
}
