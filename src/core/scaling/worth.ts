/** How many workers the backlog would keep busy, by what its tasks need. Pure. */
import { howManyFit, type Resources } from '../resources.ts'

/** Tasks with equal needs that may run now. */
export interface Waiting {
  needs: Resources
  tasks: number
  /** Milliseconds that the oldest has waited. */
  oldestWait: number
  /** One worker is to try it first. */
  canary?: boolean
}

export interface Backlog {
  /** All tasks that may run now. */
  backlog: number
  /** The part of these that is of jobs. */
  jobs: Waiting[]
  /** Milliseconds that the oldest task without a job has waited. */
  looseWait: number
}

export interface Worth {
  /** Tasks that some worker could run. */
  backlog: number
  oldestWait: number
  /** Workers that these tasks fill. A task without a job counts as one, since it is short. */
  fills: number
  /** Milliseconds that the oldest task of a job has waited. */
  jobWait: number
}

export interface Supply {
  /** What one worker has; undefined if not known, and then each task fills one. */
  capacity?: Resources | undefined
  /** What workers have that start or are idle, each; undefined if it is not known yet. */
  ready?: (Resources | undefined)[]
}

export function worthOf(
  { backlog, jobs, looseWait }: Backlog,
  { capacity, ready = [] }: Supply = {},
): Worth {
  const loose = backlog - total(jobs)
  const perWorker = ({ needs }: Waiting) => (capacity ? howManyFit(needs, capacity) : 1)
  // What one worker is to try needs no other if one is about to.
  const isServed = ({ canary, needs }: Waiting) =>
    canary && ready.some((has = capacity ?? needs) => howManyFit(needs, has) > 0)
  const possible = jobs.filter((job) => perWorker(job) > 0 && !isServed(job))
  const workersFor = (job: Waiting) => {
    const workers = job.tasks / perWorker(job)
    return job.canary ? Math.min(1, workers) : workers
  }
  const workers = possible.reduce((sum, job) => sum + workersFor(job), 0)
  const jobWait = Math.max(0, ...possible.map(({ oldestWait }) => oldestWait))
  return {
    backlog: loose + total(possible),
    oldestWait: Math.max(looseWait, jobWait),
    fills: loose + Math.ceil(workers),
    jobWait,
  }
}

function total(jobs: Waiting[]): number {
  return jobs.reduce((sum, { tasks }) => sum + tasks, 0)
}
