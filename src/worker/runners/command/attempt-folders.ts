/**
 * The folders of attempts. Every attempt has a new one: what an earlier one left behind can't be taken
 * for a result. One thread makes a few ahead and another removes them: each waits for the disk while a node
 * beside it writes there, and a command may leave any number of files.
 */
import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Worker as Thread } from 'node:worker_threads'
import { threadFile } from '../../../runtime/thread-file.ts'
import type { Answer, Request } from './folders-thread.ts'
import type { Users } from './users.ts'

/** The command sees only `cwd`, and `temporary` as its `TMPDIR`. */
export interface AttemptFolder {
  root: string
  cwd: string
  temporary: string
  stdin: string
  stdout: string
  stderr: string
  /** Who the command runs as; undefined for the user of the worker. */
  user?: number | undefined
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
/** By then nothing runs any more as the user that the folder belongs to (`spawner.ts`). */
const removeOfUserAfterMs = 3000

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

interface Made {
  root: string
  user: number | undefined
}

/** `users`: each attempt gets one; without them, commands run as the worker does. */
export function createAttemptFolders(folder: string, users?: Users): AttemptFolders {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  // Others pass through it to what is theirs, but can't list it.
  if (users) chmodSync(folder, 0o711)
  const ready: Made[] = []
  const used: Made[] = []
  const waiting: PromiseWithResolvers<Made>[] = []
  /** Folders that the thread has yet to make. */
  let asked = 0
  let timer: NodeJS.Timeout | undefined
  const maker = startThread(folder)
  const remover = startThread(folder)

  maker.onAnswers((answers) => {
    asked -= answers.length
    for (const answer of answers) {
      const first = waiting.shift()
      if ('error' in answer) {
        giveBack(answer.user)
        first?.reject(answer.error)
        continue
      }
      const made = { root: answer.made, user: answer.user }
      if (first) first.resolve(made)
      else ready.push(made)
    }
  })

  function giveBack(user: number | undefined): void {
    if (user !== undefined) users?.giveBack(user)
  }

  function makeMore(): void {
    const missing = ahead + waiting.length - ready.length - asked
    if (missing < fewest) return
    asked += missing
    maker.ask({ make: Array.from({ length: missing }, () => users?.take()) })
  }

  function removeUsed(): void {
    clearTimeout(timer)
    timer = undefined
    const gone = used.splice(0)
    remover.ask({ remove: gone.map(({ root }) => root) })
    for (const { user } of gone) giveBack(user)
  }

  makeMore()
  return {
    async take() {
      const made = ready.shift()
      const next = made === undefined ? Promise.withResolvers<Made>() : undefined
      if (next) waiting.push(next)
      makeMore()
      return placeIn(made ?? ((await next?.promise) as Made))
    },
    remove({ root, user }) {
      used.push({ root, user })
      if (users) timer ??= setTimeout(removeUsed, removeOfUserAfterMs)
      else if (used.length >= fewest) removeUsed()
      else timer ??= setTimeout(removeUsed, removeAfterMs)
    },
    async close() {
      clearTimeout(timer)
      maker.ask({ close: ready.splice(0).map(({ root }) => root) })
      remover.ask({ close: used.map(({ root }) => root) })
      await Promise.all([maker.ended, remover.ended])
      // Those that were still being made.
      for (const { root } of ready) rmSync(root, { recursive: true })
    },
  }
}

function placeIn({ root, user }: Made): AttemptFolder {
  const at = (name: string) => join(root, name)
  return {
    root,
    ...(user === undefined ? {} : { user }),
    cwd: at('files'),
    temporary: at('tmp'),
    stdin: at('stdin'),
    stdout: at('stdout'),
    stderr: at('stderr'),
  }
}
