/** Gathers what this node knows of a task or a job, for `core/explain/`, which says why it is where it is. */
import {
  type Explanation,
  type JobFacts,
  mostBefore,
  type TaskFacts,
} from '../core/explain/facts.ts'
import { explainJob } from '../core/explain/job.ts'
import { explainTask } from '../core/explain/task.ts'
import { oneCpu } from '../core/resources.ts'
import { effectiveLimit } from '../core/scaling/plan.ts'
import type { StoredTask } from '../core/task.ts'
import type { JobDefinition } from '../kinds/command/job.ts'
import type { Capacity } from './capacity.ts'
import type { Jobs } from './jobs.ts'
import type { LastLines } from './last-lines.ts'
import type { Loans } from './loans.ts'
import type { Queue } from './queue.ts'
import type { Scaler } from './scaler.ts'
import type { Siblings } from './siblings.ts'
import type { Workers } from './workers.ts'

export interface ExplanationsOptions {
  node: string
  queue: Pick<Queue, 'get' | 'position' | 'isPaused'>
  jobs: Pick<Jobs, 'get' | 'progress'>
  workers: Pick<Workers, 'list' | 'launchProblem'>
  loans: Pick<Loans, 'limit'>
  capacity: Pick<Capacity, 'ofWorker'>
  scaler: Pick<Scaler, 'last'>
  siblings: Pick<Siblings, 'list'>
  lastLines: Pick<LastLines, 'of'>
  /** Wall-clock milliseconds. */
  now: () => number
}

/** A sibling that is away must not keep the answer for long. */
const siblingTimeoutMs = 2000

export type Explanations = ReturnType<typeof createExplanations>

export function createExplanations(options: ExplanationsOptions) {
  const { node, queue, jobs, workers, loans, capacity, scaler, siblings, lastLines, now } = options

  async function jobOf(id: string): Promise<JobFacts> {
    const { definition, paused, isBeingTried, counts } = await jobs.get(id)
    const { number, job } = JSON.parse(definition) as JobDefinition
    return {
      number,
      needs: job.needs ?? oneCpu,
      ...(paused === undefined ? {} : { paused }),
      // Without a worker nobody tries it.
      ...(isBeingTried && counts.running > 0 ? { isBeingTried } : {}),
    }
  }

  async function allWorkers(): Promise<Pick<TaskFacts, 'workers' | 'missing'>> {
    const others = siblings.list()
    const states = await Promise.allSettled(
      others.map(({ client }) => client.getState({ timeoutMs: siblingTimeoutMs })),
    )
    const theirs = states.flatMap((one) => (one.status === 'fulfilled' ? one.value.workers : []))
    const missing = others.flatMap(({ id }, at) => (states[at]?.status === 'rejected' ? id : []))
    return { workers: [...workers.list(), ...theirs], missing }
  }

  async function factsOf(task: StoredTask): Promise<TaskFacts> {
    const [job, before, all] = await Promise.all([
      task.job === undefined ? undefined : jobOf(task.job),
      queue.position(task.id, mostBefore),
      allWorkers(),
    ])
    return {
      now: now(),
      node,
      task,
      job,
      before,
      sign: lastLines.of(task.id, task.attempts),
      isDraining: queue.isPaused(),
      ...all,
      limit: effectiveLimit(loans.limit()),
      largest: capacity.ofWorker(),
      plan: scaler.last(),
      launchProblem: workers.launchProblem(),
    }
  }

  return {
    /** Throws `not_found`. */
    ofTask: async (id: string): Promise<Explanation> =>
      explainTask(await factsOf(await queue.get(id))),

    /** Throws `not_found`. */
    async ofJob(id: string): Promise<Explanation> {
      const [{ counts }, { next }] = await Promise.all([jobs.get(id), jobs.progress(id, 1)])
      return explainJob({ counts, first: next && (await factsOf(next)) })
    },
  }
}
