/** Follows what a task writes, through all its attempts, until it has ended. */
import type { AnswerOf, Task } from '../../api/client.ts'
import { until } from '../../runtime/until.ts'
import type { NodeLink } from '../../state/cluster-nodes.ts'
import { isDone } from '../tasks/wait.ts'
import { readTaskLog, type Stream, type TaskLog } from './task-log.ts'

export type LivePart = NonNullable<AnswerOf<'readTaskLog'>>

export interface FollowTaskOptions {
  task: Task
  node: NodeLink
  /** Resolves when it is written; `false` if nobody reads it. `missed`: bytes left out before it. */
  print: (stream: Stream, text: string, missed: number) => Promise<boolean>
  /** Called when an attempt begins, and when one has failed that is followed by another. */
  say: (text: string) => void
}

const pauseMs = 500
/** How long to wait for the first of what a task has written so far. */
const firstPieceMs = 3000

/** The task when it has ended, or as it was when nobody read any more. */
export async function followTask({ task, node, print, say }: FollowTaskOptions): Promise<Task> {
  const params = { id: task.id }
  let after = 0
  /** The last attempt of which something was printed, and the last that was spoken of. */
  let printed = 0
  let told = 0
  let isRead = true

  async function show({ attempt, pieces }: LivePart): Promise<void> {
    for (const { stream, text, missed } of pieces) {
      isRead &&= await print(stream, text, missed)
      printed = attempt
    }
  }

  /** Commands that were over before anybody could look: what is kept of them. */
  async function showKept(ended: Task): Promise<void> {
    if (printed >= ended.attempts) return
    const log = await readTaskLog({ task: ended, node })
    const last = log.attempts.find(({ attempt }) => attempt === ended.attempts) ?? log
    for (const stream of ['stdout', 'stderr'] as const) {
      const kept = last[stream]
      if (!kept || kept.bytes === 0) continue
      isRead &&= await print(stream, kept.text, kept.bytes - Buffer.byteLength(kept.text))
    }
    printed = ended.attempts
  }

  function tell({ state, attempt, worker }: LivePart): void {
    if (state === 'running' && attempt !== told) {
      if (told > 0) say(`Attempt ${attempt} begins on ${worker}.`)
      told = attempt
    }
  }

  const found = await until(
    async () => {
      const part = await node.client.readTaskLog({ params, query: { after }, retries: 5 })
      if (!part) return task
      tell(part)
      await show(part)
      after = part.next
      if (!isRead) return task
      if (part.state === 'running') return false
      const now = await node.client.getTask({ params, retries: 5 })
      if (now.attempts > printed && now.state !== 'running') await showKept(now)
      return isDone(now) && now
    },
    { pauseMs, share: 0.5 },
  )
  return found as Task
}

/** What a running task has written so far, at least the last of it. */
export async function readLive({ task, node }: { task: Task; node: NodeLink }) {
  const request = { params: { id: task.id }, query: { after: 0 }, retries: 2 }
  const part = await until(
    async () => {
      const found = await node.client.readTaskLog(request)
      return (found === undefined || found.pieces.length > 0 || found.state !== 'running') && found
    },
    { pauseMs: 200, withinMs: firstPieceMs },
  )
  const live: Pick<TaskLog, Stream> = {}
  for (const { stream, text, missed } of part?.pieces ?? []) {
    const { text: before, bytes } = live[stream] ?? { text: '', bytes: 0 }
    live[stream] = { text: before + text, bytes: bytes + missed + Buffer.byteLength(text) }
  }
  return live
}
