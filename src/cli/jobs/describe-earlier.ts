/** What `tm run --resume` has found of earlier jobs: counts, and words. Pure. */
import { describeDuration } from '../../core/duration.ts'
import { number } from '../../core/text.ts'
import type { JobInfo } from '../../kinds/command/job.ts'
import type { Earlier, EarlierTask } from './earlier.ts'

export interface EarlierCounts {
  done: number
  /** Queued or running. */
  open: number
}

export function countEarlier({ tasks }: Earlier): EarlierCounts {
  const done = [...tasks.values()].filter(isDone).length
  return { done, open: tasks.size - done }
}

const isDone = ({ state }: EarlierTask) => state === 'succeeded'

/** From how many jobs at the most a definition says how many tasks it takes. */
const maxJobs = 1000

export function takenFrom({ tasks }: Earlier): Pick<JobInfo, 'taken'> {
  if (tasks.size === 0) return {}
  const byJob = Map.groupBy(tasks.values(), ({ job = '' }) => job)
  const taken = [...byJob].map(([job, { length }]) => ({ job, tasks: length }))
  return { taken: taken.slice(0, maxJobs) }
}

/** `912 of 1,000 were done, the last 2 h ago, 20 are queued or running, 68 left to run` */
export function describeEarlier(
  earlier: Earlier,
  { total, now }: { total: number; now: number },
): string {
  const { done, open } = countEarlier(earlier)
  const left = total - done - open
  if (done + open === 0) return `None of ${number(total)} was run before`
  const newest = [...earlier.tasks.values()].reduce(
    (latest, { completedAt = 0 }) => Math.max(latest, completedAt),
    0,
  )
  const ago = `${done > 1 ? ', the last ' : ' '}${describeDuration(now - newest)} ago`
  return [
    `${number(done)} of ${number(total)} ${done === 1 ? 'was' : 'were'} done`,
    done > 0 ? ago : '',
    open > 0 ? `, ${number(open)} ${open === 1 ? 'is' : 'are'} queued or running` : '',
    `, ${left > 0 ? number(left) : 'nothing'} left to run`,
  ].join('')
}
