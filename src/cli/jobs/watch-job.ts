/** Shows how a job stands while a command waits for it, and why its first tasks failed. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Task } from '../../api/client.ts'
import type { Reporter } from '../../core/progress.ts'
import { number } from '../../core/text.ts'
import type { NodeLink } from '../../state/cluster-nodes.ts'
import { describeStanding } from '../output/job-status.ts'
import { reasonOf } from '../output/job-task.ts'
import { perSecond } from '../output/progress.ts'
import { type JobProgress, jobProgress } from './progress.ts'

export interface WatchJobOptions {
  job: { id: string; number: number; name: string }
  /** Tasks that the command waits for. */
  total: number
  /** As they are now. */
  nodes: () => NodeLink[]
  reporter: Reporter
  /** Milliseconds. */
  now?: () => number
}

/** Failures that are said one by one; of more, only the count. */
const maxSaid = 10
/** Asking takes at most this share of the time, so that it does not slow down what it asks about. */
const share = 0.1

export type WatchedJob = ReturnType<typeof watchJob>

export function watchJob(options: WatchJobOptions) {
  const { job, total, nodes, reporter, now = () => performance.now() } = options
  const status = reporter.status()
  const ending = new AbortController()
  const { signal } = ending
  const failed = new Set<string>()
  const began = now()
  let base: number | undefined
  let ended = 0
  let progress: JobProgress | undefined

  function show(): void {
    const title: [string, string] = [String(job.number), job.name]
    const counts = { total, done: Math.max(0, ended - failed.size), failed: failed.size }
    const { width } = status
    status.show(describeStanding({ title, ...counts, progress, now: Date.now(), width }))
  }

  /** Beside the wait: a node that is slow to answer must not slow it down, or end it. */
  async function look(): Promise<void> {
    let tookMs = 0
    while (!signal.aborted) {
      const pauseMs = Math.max(status.dueInMs(), tookMs / share)
      await sleep(pauseMs, undefined, { signal }).catch(() => {})
      if (signal.aborted) return
      const asked = now()
      const found = await progressNow().catch(() => undefined)
      tookMs = now() - asked
      if (signal.aborted) return
      // With a node missing, the sums would be too small.
      if (found?.missing.length === 0) progress = found
      show()
    }
  }

  async function progressNow(): Promise<JobProgress> {
    return await jobProgress(nodes(), job.id, { limit: maxSaid, timeoutMs: 5000 })
  }

  const looking = look()

  return {
    /** How many tasks have ended, of those that the command waits for. */
    set(count: number): void {
      base ??= count
      ended = count
      if (status.width !== Infinity) show()
    },

    /** A task has failed, or was cancelled: said once, as long as there are few. */
    fail(task: Pick<Task, 'id' | 'state' | 'error'>, name: string): void {
      if (failed.has(task.id)) return
      failed.add(task.id)
      // The first one as it is: its last lines often say more than one of them.
      const why = failed.size === 1 ? (task.error ?? task.state) : reasonOf(task)
      if (failed.size <= maxSaid) reporter.say(`Error: ${name}: ${why}`)
      if (failed.size === maxSaid + 1) reporter.say('More failures are only counted')
    },

    async end(ok: boolean): Promise<void> {
      ending.abort()
      await looking
      const gained = ended - (base ?? 0)
      const rate = gained > 0 ? `, ${perSecond(gained, now() - began)}` : ''
      status.end(`done ${number(ended)} of ${number(total)}${rate}`, ok)
    },
  }
}
