/**
 * The node's side of the store's thread: sends calls, and settles the promise of each with its
 * reply. All calls of one turn of the event loop travel in one message.
 */
import type { Worker } from 'node:worker_threads'
import { type Call, fromMessage, type Reply } from './messages.ts'
import { type CallMessage, packCalls } from './task-columns.ts'

export function callsTo(thread: Worker) {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  let outbox: Call[] = []
  let lastNumber = 0
  let failure: unknown

  thread.on('message', (replies: Reply[]) => replies.forEach(settle))
  thread.once('error', abandonAll)
  thread.once('exit', () => abandonAll(new Error('the store is closed')))

  function send(method: Call['method'], args: unknown[]): Promise<unknown> {
    if (failure) return Promise.reject(failure)
    if (outbox.length === 0) setImmediate(flush)
    lastNumber += 1
    outbox.push({ number: lastNumber, method, args })
    const answer = Promise.withResolvers<unknown>()
    waiting.set(lastNumber, answer)
    return answer.promise
  }

  function flush(): void {
    const calls = outbox
    outbox = []
    try {
      const message = packCalls(calls)
      thread.postMessage(message, movable(message))
    } catch {
      // Nothing was sent, since one of the calls holds what can't be copied, such as a function.
      for (const call of calls) sendAlone(call)
    }
  }

  function sendAlone(call: Call): void {
    try {
      thread.postMessage(packCalls([call]))
    } catch (error) {
      settle({ number: call.number, error })
    }
  }

  function settle(reply: Reply): void {
    const answer = waiting.get(reply.number)
    waiting.delete(reply.number)
    if ('error' in reply) answer?.reject(fromMessage(reply.error))
    else answer?.resolve(reply.value)
  }

  /** The thread has ended: no call that still waits gets a reply, nor does a later one. */
  function abandonAll(error: unknown): void {
    failure ??= error
    for (const { reject } of waiting.values()) reject(failure)
    waiting.clear()
  }

  return send
}

/** Where in their arguments calls have a part of a file, by their names. */
const bytesAt: Partial<Record<Call['method'], number>> = { writeShared: 2, writeOutput: 3 }

/** What moves to the thread: copying it would hold up the event loop. */
function movable({ tasks, others }: CallMessage): ArrayBuffer[] {
  const parts = others.flatMap(({ method, args }) => {
    const at = bytesAt[method]
    return at === undefined ? [] : [args[at]]
  })
  const wholes = [tasks.joined, ...tasks.apart, ...parts].filter(isWhole)
  return [...new Set(wholes.map(({ buffer }) => buffer))]
}

/** Bytes that have their memory to themselves. */
function isWhole(value: unknown): value is Uint8Array<ArrayBuffer> {
  if (!(value instanceof Uint8Array) || !(value.buffer instanceof ArrayBuffer)) return false
  return value.byteLength === value.buffer.byteLength
}
