/** A worker's side of its spawner: starts it, and gives a promise for each command. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { threadFile } from '../../../runtime/thread-file.ts'
import type { Ended, Request, Start } from './messages.ts'

export interface Spawner {
  /** Resolves when the whole tree has ended. Aborting the signal ends it. Throws if the spawner dies. */
  run(command: Omit<Start, 'start'>, signal: AbortSignal): Promise<Ended>
  close(): Promise<void>
}

/** Small, and with few threads: starting a process copies the page tables of the one that starts it. */
const heap = [
  '--max-old-space-size=32',
  '--max-semi-space-size=1',
  '--single-threaded',
  '--v8-pool-size=0',
]

/**
 * Must be called before the worker lowers its priority: children inherit it. `controlGroup`: the folder of the one
 * in which each command gets its own.
 */
export function startSpawner(controlGroup?: string): Spawner {
  const waiting = new Map<number, PromiseWithResolvers<Ended>>()
  let last = 0
  let closed = false
  let child = start()

  function start(): ChildProcessByStdio<Writable, Readable, null> {
    const file = threadFile('./spawner', import.meta.url)
    const args = ['spawner', ...(controlGroup === undefined ? [] : [controlGroup])]
    const started = spawn(process.execPath, [...heap, file.pathname, ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: {},
      // A Ctrl-C in the terminal is for the worker.
      detached: true,
    })
    createInterface({ input: started.stdout }).on('line', settle)
    // The exit says it.
    started.stdin.on('error', () => {})
    started.once('error', () => lose(started))
    started.once('exit', () => lose(started))
    return started
  }

  function settle(line: string): void {
    const message = JSON.parse(line) as Ended
    waiting.get(message.ended)?.resolve(message)
    waiting.delete(message.ended)
  }

  /** The spawner has ended: nobody will say how its commands end. */
  function lose(process: typeof child): void {
    if (process !== child) return
    for (const { reject } of waiting.values())
      reject(new Error('the process that starts commands ended'))
    waiting.clear()
    if (!closed) child = start()
  }

  /** What is sent in one turn of the event loop wakes the spawner once. */
  function send(request: Request): void {
    const { stdin } = child
    if (stdin.writableCorked === 0) {
      stdin.cork()
      setImmediate(() => stdin.uncork())
    }
    stdin.write(`${JSON.stringify(request)}\n`)
  }

  return {
    async run(command, signal) {
      last += 1
      const number = last
      const ended = Promise.withResolvers<Ended>()
      waiting.set(number, ended)
      const stop = () => send({ stop: number })
      signal.addEventListener('abort', stop, { once: true })
      send({ start: number, ...command })
      if (signal.aborted) stop()
      try {
        return await ended.promise
      } finally {
        signal.removeEventListener('abort', stop)
      }
    },

    async close() {
      closed = true
      const { exitCode, signalCode } = child
      if (exitCode !== null || signalCode !== null) return
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.stdin.end()
      await gone
    },
  }
}
