/** The auditor's eyes: what was seen of a task, against what was sent and what was seen before. */
import { hash } from 'node:crypto'
import type { Report } from './auditor.ts'
import type { SeenResult, SeenTask, SentTask } from './events.ts'

/** All that is known of one task. Numbers are places in the history. */
export interface Entry {
  task: SentTask
  node: string
  acknowledged?: number
  cancelAsked: boolean
  /** The state that it can't leave any more, and since when that is known. */
  settled?: { state: string; since: number }
  result?: string
  reading?: Reading
}

type Reading = Pick<SeenResult, 'completedAt' | 'attempts'>

export function createEyes(entries: ReadonlyMap<string, Entry>, report: Report, now: () => number) {
  /** Nodes know only what was sent to them. */
  function known(id: string, node: string | undefined): Entry | undefined {
    const entry = entries.get(id)
    if (!entry) report('stranger', `task ${id} was sent by nobody`)
    else if (node && entry.node !== node) report('stranger', `${node} has ${id} of ${entry.node}`)
    return entry
  }

  function settle(entry: Entry, state: string, asked: number): void {
    const { id } = entry.task
    const isFinal = state === 'succeeded' || state === 'cancelled' || state === 'failed'
    if (state === 'failed') report('failed', `task ${id} is failed`)
    if (state === 'cancelled' && !entry.cancelAsked) report('cancelled', `nobody cancelled ${id}`)
    if (entry.settled && entry.settled.state !== state && (isFinal || asked > entry.settled.since))
      report('back', `task ${id} was ${entry.settled.state}, then ${state}`)
    if (isFinal) entry.settled ??= { state, since: now() }
  }

  function sawTask(seen: SeenTask, node: string, asked: number): void {
    const entry = known(seen.id, node)
    if (!entry) return
    const { iterations, size } = entry.task
    if (seen.iterations !== iterations || seen.size !== size)
      report('wrong', `task ${seen.id} has ${seen.iterations} iterations of ${seen.size} bytes`)
    settle(entry, seen.state, asked)
    if (seen.result !== undefined) sawValue(entry, seen.result)
    else if (seen.state === 'succeeded') report('wrong', `task ${seen.id} has no result`)
  }

  function sawResult(seen: SeenResult, node: string | undefined, asked: number): void {
    const entry = known(seen.id, node)
    if (!entry) return
    settle(entry, 'succeeded', asked)
    sawValue(entry, seen.result)
    const { completedAt, attempts } = seen
    entry.reading ??= { completedAt, attempts }
    if (entry.reading.completedAt !== completedAt || entry.reading.attempts !== attempts)
      report('changed', `the result of ${seen.id} has another date or attempt than before`)
  }

  function sawValue(entry: Entry, result: string): void {
    const { id } = entry.task
    if (entry.result !== undefined && entry.result !== result)
      report('changed', `the result of ${id} is another one than before`)
    else if (entry.result === undefined && result !== expected(entry.task))
      report('wrong', `the result of ${id} is ${result.slice(0, 16)}…`)
    entry.result ??= result
  }

  return { sawTask, sawResult, settle }
}

/** SHA-512 of the body, then of the digest again and again. */
function expected({ digest, iterations }: SentTask): string {
  let bytes = Buffer.from(digest, 'hex')
  for (let i = 1; i < iterations; i += 1) bytes = hash('sha512', bytes, 'buffer')
  return bytes.toString('hex')
}
