/**
 * The folders of attempts. Every attempt has a new one: what an earlier one left behind can't be taken
 * for a result. One thread makes a few ahead and another removes them: each waits for the disk while a node
 * beside it writes there, and a command may leave any number of files.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Worker as Thread } from 'node:worker_threads'
import { threadFile } from '../../../runtime/thread-file.ts'
import type { Answer, Request } from './folders-thread.ts'

/** The command sees only `cwd`, and `temporary` as its `TMPDIR`. */
export interface AttemptFolder {
  root: string
  cwd: string
  temporary: string
  stdin: string
  stdout: string
  stderr: string
}

export interface AttemptFolders {
  /** Throws if the disk is full, or may not be written. */
  take(): Promise<AttemptFolder>
  /** Nobody waits for it. What is left when the worker ends is removed then. */
  remove(folder: AttemptFolder): void
  /** Removes those that were made ahead. */
  close(): Promise<void>
}

/** Made ahead: enough for the short commands that begin while the disk is busy. */
const ahead = 32
/** To wake the thread for each folder would cost more than the folder. */
const fewest = 16
const removeAfterMs = 50

/** On an instance a thread reads the whole program. */
const resourceLimits = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 64 }

/** An error of the thread is not caught: the worker ends with it, and another takes its place. */
function startThread(folder: string) {
  const file = threadFile('./folders-thread', import.meta.url)
  const thread = new Thread(file, { argv: ['folders-thread'], workerData: folder, resourceLimits })
  const ended = new Promise<void>((resolve) => thread.once('exit', () => resolve()))
  return {
    ask: (request: Request) => thread.postMessage(request),
    onAnswers: (listener: (answers: Answer[]) => void) => void thread.on('message', listener),
    ended,
  }
}

export function createAttemptFolders(folder: string): AttemptFolders {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const ready: string[] = []
  const used: string[] = []
  const waiting: PromiseWithResolvers<string>[] = []
  /** Folders that the thread has yet to make. */
  let asked = 0
  let timer: NodeJS.Timeout | undefined
  const maker = startThread(folder)
  const remover = startThread(folder)

  maker.onAnswers((answers) => {
    asked -= answers.length
    for (const answer of answers) {
      const first = waiting.shift()
      if ('error' in answer) first?.reject(answer.error)
      else if (first) first.resolve(answer.made)
      else ready.push(answer.made)
    }
  })

  function makeMore(): void {
    const missing = ahead + waiting.length - ready.length - asked
    if (missing < fewest) return
    asked += missing
    maker.ask({ make: missing })
  }

  function removeUsed(): void {
    clearTimeout(timer)
    timer = undefined
    remover.ask({ remove: used.splice(0) })
  }

  makeMore()
  return {
    async take() {
      const made = ready.shift()
      const next = made === undefined ? Promise.withResolvers<string>() : undefined
      if (next) waiting.push(next)
      makeMore()
      return placeIn(made ?? ((await next?.promise) as string))
    },
    remove({ root }) {
      used.push(root)
      if (used.length >= fewest) removeUsed()
      else timer ??= setTimeout(removeUsed, removeAfterMs)
    },
    async close() {
      clearTimeout(timer)
      maker.ask({ close: ready.splice(0) })
      remover.ask({ close: used })
      await Promise.all([maker.ended, remover.ended])
      // Those that were still being made.
      for (const late of ready) rmSync(late, { recursive: true })
    },
  }
}

function placeIn(root: string): AttemptFolder {
  const at = (name: string) => join(root, name)
  return {
    root,
    cwd: at('files'),
    temporary: at('tmp'),
    stdin: at('stdin'),
    stdout: at('stdout'),
    stderr: at('stderr'),
  }
}
