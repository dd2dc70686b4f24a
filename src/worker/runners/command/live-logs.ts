/**
 * Sends what commands write to their nodes, while somebody looks there. A worker waits at a node for
 * that, in one request for all its commands that have run for a moment: otherwise nothing moves.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { AnswerOf, Client } from '../../../api/client.ts'
import type { RunningTask } from '../../slot/slot.ts'
import { appended, type Offsets } from './appended.ts'
import type { StreamFiles } from './last-line.ts'

type WatchedAttempt = AnswerOf<'watchedLeases'>['watched'][number]

export interface LiveLogsOptions {
  /** A command that has ended before is not worth a request. Milliseconds. */
  afterMs?: number
  /** Between two pieces. */
  everyMs?: number
}

interface Live {
  task: RunningTask
  files: StreamFiles
  offsets: Offsets
  sending: Promise<void>
  /** When somebody was last known to look; monotonic milliseconds. */
  watchedAt: number
}

/** How long a request waits at the node. */
const waitMs = 30_000
const timeoutMs = 5000
/** The last piece has to arrive before the report of the attempt; it may not delay that for long. */
const lastPieceMs = 2000
/** After a request that failed: a node that is away, or that does not know it. */
const pauseMs = 5000

const nothing = Promise.resolve()

export type LiveLogs = ReturnType<typeof createLiveLogs>

export function createLiveLogs({ afterMs = 500, everyMs = 1000 }: LiveLogsOptions = {}) {
  const byNode = new Map<Client, { live: Map<string, Live>; stopping: AbortController }>()

  /** Ends when no command of this node runs any more. */
  async function serve(node: Client, live: Map<string, Live>, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const request = { json: { wait: waitMs }, timeoutMs: waitMs + timeoutMs, signal }
        const { watched } = await node.watchedLeases(request)
        await Promise.all(watched.map((one) => sendWatched(live.get(keyOf(one)), one)))
        if (watched.length > 0) await sleep(everyMs, undefined, { signal })
      } catch {
        // Nobody sees the log meanwhile. That the node is away is said elsewhere.
        await sleep(pauseMs, undefined, { signal }).catch(() => {})
      }
    }
  }

  /** The node says where to go on: it may have been restarted. */
  async function sendWatched(one: Live | undefined, watched: WatchedAttempt): Promise<void> {
    if (!one) return
    one.watchedAt = performance.now()
    const { stdout, stderr } = watched
    one.offsets = {
      ...(stdout === undefined ? {} : { stdout }),
      ...(stderr === undefined ? {} : { stderr }),
    }
    await send(one, timeoutMs)
  }

  /** One after the other: each goes on where the one before has ended. */
  function send(one: Live, withinMs: number, isLast = false): Promise<void> {
    one.sending = one.sending.catch(() => {}).then(() => sendNow(one, withinMs, isLast))
    return one.sending
  }

  async function sendNow(one: Live, withinMs: number, isLast: boolean): Promise<void> {
    const { task, files, offsets } = one
    const pieces = appended(files, offsets, isLast)
    if (pieces.length === 0) return
    const { id, attempt, node } = task
    await node.writeTaskLog({ params: { id, attempt }, json: { pieces }, timeoutMs: withinMs })
    for (const { stream, to } of pieces) one.offsets[stream] = to
  }

  function add(one: Live): void {
    const { node } = one.task
    const known = byNode.get(node)
    if (known) {
      known.live.set(keyOf(one.task), one)
      return
    }
    const live = new Map([[keyOf(one.task), one]])
    const stopping = new AbortController()
    byNode.set(node, { live, stopping })
    void serve(node, live, stopping.signal)
  }

  function remove({ task }: Live): void {
    const known = byNode.get(task.node)
    known?.live.delete(keyOf(task))
    if (known?.live.size !== 0) return
    byNode.delete(task.node)
    known.stopping.abort()
  }

  return {
    /** A command has begun. Call what it returns when the command has ended, before the report. */
    begin(task: RunningTask, files: StreamFiles): () => Promise<void> {
      const one: Live = { task, files, offsets: {}, sending: nothing, watchedAt: -Infinity }
      const timer = setTimeout(() => add(one), afterMs)
      return async () => {
        clearTimeout(timer)
        remove(one)
        const isWatched = performance.now() - one.watchedAt < 3 * everyMs + timeoutMs
        if (isWatched) await send(one, lastPieceMs, true).catch(() => {})
      }
    },
  }
}

function keyOf({ id, attempt }: { id: string; attempt: number }): string {
  return `${id}:${attempt}`
}
