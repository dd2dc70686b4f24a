/** Jobs on this node: the queue's tasks that have one command, and the outputs of their attempts. */
import { encodeFrames, type Frame } from '../api/frames.ts'
import type { Clock } from '../core/clock.ts'
import { TmError } from '../core/errors.ts'
import { oneCpu } from '../core/resources.ts'
import { suggest, tm } from '../core/suggestions.ts'
import type { StoredAttempt, StoredJob } from '../core/task.ts'
import type { JobDefinition } from '../kinds/command/job.ts'
import type { SharedContent } from '../kinds/command/shared.ts'
import type { Capacity } from './capacity.ts'
import { type Queue, unknownTask } from './queue.ts'
import type { JobProgress, JobStore } from './store/job-store.ts'

export interface JobsOptions {
  store: JobStore
  clock: Clock
  queue: Pick<Queue, 'announce'>
  capacity: Pick<Capacity, 'require'>
}

/** Parts of outputs in memory at a time, beside the answer. */
const readAtOnce = 16

export type Jobs = ReturnType<typeof createJobs>

export function createJobs({ store, clock, queue, capacity }: JobsOptions) {
  /** Works in steps, so that other calls of the store are not held up. */
  async function inSteps(step: () => Promise<number>): Promise<number> {
    let all = 0
    for (;;) {
      const changed = await step()
      if (changed === 0) return all
      all += changed
    }
  }

  async function get(id: string): Promise<StoredJob> {
    const job = await store.getJob(id)
    if (job) return job
    throw unknownJob(id)
  }

  return {
    get,
    list: () => store.listJobs(),
    tasks: (id: string, page: { limit: number; cursor: number }) => store.tasksOfJob(id, page),
    tasksByKey: store.tasksByKey,
    writeOutput: store.writeOutput,
    readOutput: store.readOutput,

    /** The first parts of outputs, as frames with the header `{id}`, up to `maxBytes` in all. */
    async readSmallOutputs(ids: string[], maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
      const frames: Frame[] = []
      let bytes = 0
      for (let at = 0; at < ids.length && bytes < maxBytes; at += readAtOnce) {
        const some = ids.slice(at, at + readAtOnce)
        const bodies = await Promise.all(some.map((id) => store.readOutput(id, 0)))
        for (const [index, body] of bodies.entries()) {
          if (!body || bytes + body.length > maxBytes) continue
          frames.push({ header: { id: some[index] }, body })
          bytes += body.length
        }
      }
      return encodeFrames(frames)
    },

    async progress(id: string, limit: number): Promise<JobProgress> {
      const progress = await store.jobProgress(id, limit, clock())
      if (!progress) throw unknownJob(id)
      return progress
    },

    async failedAttempts(task: string): Promise<StoredAttempt[]> {
      const attempts = await store.failedAttempts(task)
      if (!attempts) throw unknownTask(task)
      return attempts
    },

    /** Resolves when the job is on disk. Throws `conflict`, and `invalid` if no worker can run it. */
    async put(id: string, definition: JobDefinition, shared: SharedContent[] = []): Promise<void> {
      const { needs = oneCpu } = definition.job
      capacity.require(needs)
      const { failFast, canary } = definition
      const job = { id, definition: JSON.stringify(definition), needs, failFast, canary, shared }
      const outcome = await store.putJob(job, clock())
      if (outcome === 'conflict') throw new TmError('conflict', `Another job has the id ${id}`)
    },

    async cancel(id: string): Promise<number> {
      return await inSteps(() => store.cancelJob(id, clock()))
    },

    /** Queues what has failed again. A paused job goes on. */
    async retry(id: string): Promise<{ tasks: number; resumed: boolean }> {
      const resumed = await store.goOnWithJob(id)
      const tasks = await inSteps(() => store.retryJob(id, clock()))
      queue.announce(resumed ? Number.POSITIVE_INFINITY : tasks)
      return { tasks, resumed }
    },

    async pause(id: string, reason: string): Promise<void> {
      await store.pauseJob(id, reason)
    },
  }
}

function unknownJob(id: string): TmError {
  return new TmError('not_found', `No job ${id} on this node`, {
    suggestions: [suggest`See the jobs: ${tm('jobs')}`],
  })
}
