/** The thread that makes the folders of attempts, and removes them. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'

/** `close`: removes these, and ends. */
export type Request = { make: number } | { remove: string[] } | { close: string[] }

/** One for each folder that was asked for. */
export type Answer = { made: string } | { error: unknown }

/** The first folder of many is sent at once: a command may wait for it. */
function serve(port: MessagePort, folder: string): void {
  port.on('message', (request: Request) => {
    if ('make' in request) {
      port.postMessage([make(folder)])
      port.postMessage(Array.from({ length: request.make - 1 }, () => make(folder)))
    } else if ('remove' in request) for (const one of request.remove) remove(one)
    else {
      for (const one of request.close) remove(one)
      port.close()
    }
  })
}

function make(folder: string): Answer {
  try {
    const made = mkdtempSync(join(folder, 'attempt-'))
    mkdirSync(join(made, 'files'), { mode: 0o700 })
    mkdirSync(join(made, 'tmp'), { mode: 0o700 })
    return { made }
  } catch (error) {
    return { error }
  }
}

function remove(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true })
  } catch {
    // A command may have taken it away, or made it unreadable. What is left goes when the worker ends.
  }
}

if (parentPort) serve(parentPort, workerData)
