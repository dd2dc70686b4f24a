/** The thread that makes the folders of attempts, and removes them. */
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmdirSync,
  rmSync,
  unlinkSync,
} from 'node:fs'
import { join } from 'node:path'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'

/** Makes one for each user; undefined is the user of the worker. `close`: removes these, and ends. */
export type Request = { make: (number | undefined)[] } | { remove: string[] } | { close: string[] }

/** One for each folder that was asked for. */
export type Answer = ({ made: string } | { error: unknown }) & { user: number | undefined }

/** The first folder of many is sent at once: a command may wait for it. */
function serve(port: MessagePort, folder: string): void {
  port.on('message', (request: Request) => {
    if ('make' in request) {
      const [first, ...rest] = request.make
      port.postMessage([make(folder, first)])
      port.postMessage(rest.map((user) => make(folder, user)))
    } else if ('remove' in request) for (const one of request.remove) remove(one)
    else {
      for (const one of request.close) remove(one)
      port.close()
    }
  })
}

function make(folder: string, user: number | undefined): Answer {
  try {
    const made = mkdtempSync(join(folder, 'attempt-'))
    for (const name of ['files', 'tmp']) {
      const path = join(made, name)
      mkdirSync(path, { mode: 0o700 })
      if (user !== undefined) chownSync(path, user, user)
    }
    // Nobody but the worker changes what lies here: the command goes through it only.
    if (user !== undefined) chmodSync(made, 0o711)
    return { made, user }
  } catch (error) {
    return { error, user }
  }
}

function remove(folder: string): void {
  try {
    if (!removeEmpty(folder)) rmSync(folder, { recursive: true, force: true })
  } catch {
    // A command may have taken it away, or made it unreadable. What is left goes when the worker ends.
  }
}

/**
 * Most short commands leave nothing but their streams. To remove these by name costs half of what it costs to
 * look into each folder first. False if there is more.
 */
function removeEmpty(folder: string): boolean {
  try {
    for (const name of ['stdout', 'stderr']) unlinkSync(join(folder, name))
    for (const name of ['tmp', 'files']) rmdirSync(join(folder, name))
    rmdirSync(folder)
    return true
  } catch {
    return false
  }
}

if (parentPort) serve(parentPort, workerData)
