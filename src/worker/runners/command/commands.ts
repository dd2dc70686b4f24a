/** Runs the commands of jobs, each of which is fetched once per worker. */
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { TmError } from '../../../core/errors.ts'
import type { Job } from '../../../kinds/command/job.ts'
import { retry } from '../../../runtime/retry.ts'
import { isPassing } from '../../report-queue.ts'
import type { PoolRunner, RunningTask } from '../../slot/slot.ts'
import { LeaseLost, removeAttempts, runAttempt } from './attempt.ts'
import { type AttemptFolder, createAttemptFolders } from './attempt-folders.ts'
import { lastLine, type StreamFiles } from './last-line.ts'
import { createLiveLogs } from './live-logs.ts'
import { createPool } from './pool.ts'
import { createSharedFiles } from './shared/shared-files.ts'
import { startSpawner } from './spawner-process.ts'
import { createUsers } from './users.ts'

export interface CommandOptions {
  /** The worker's own folder. */
  folder: string
  /** How the tags of all processes of the cluster begin; empty if nobody looks for them. */
  clusterTag: string
  environment: Record<string, string>
  /** Each command runs as a user of its own: only root can do that, on a machine that is the worker's. */
  ownUsers?: boolean
  /** The folder of the control group in which each command gets its own. */
  controlGroup?: string | undefined
}

const partBytes = 1024 ** 2
/** A finished attempt is kept until its node takes the outputs, while the worker lives. */
const delivery = { retries: Number.POSITIVE_INFINITY, backoff: { firstMs: 100, maxMs: 10_000 } }

export function commandRunner(options: CommandOptions): PoolRunner {
  const { folder, environment, clusterTag, ownUsers = false, controlGroup } = options
  const work = join(folder, 'work')
  const jobs = new Map<string, Promise<Job>>()
  const liveLogs = createLiveLogs()

  /** The command of a job never changes. */
  function jobOf({ node }: RunningTask, id: string): Promise<Job> {
    const known = jobs.get(id) ?? fetchJob(node, id)
    jobs.set(id, known)
    known.catch(() => jobs.delete(id))
    return known
  }

  return {
    createPool(poolOptions) {
      removeAttempts(work)
      const spawner = startSpawner(controlGroup)
      const folders = createAttemptFolders(work, ownUsers ? createUsers() : undefined)
      // They pass through it to what is theirs.
      if (ownUsers) chmodSync(folder, 0o711)
      const shared = createSharedFiles(join(work, 'shared'))
      return createPool(poolOptions, {
        async run({ task, lease }, signal, onEnded, gpus) {
          const job = await jobOf(task, lease.job ?? '')
          const send = sender(task)
          const mostMemory = () => poolOptions.total().memory
          const parts = { spawner, folders, environment, clusterTag, partBytes, mostMemory, gpus }
          const share = (place: AttemptFolder) =>
            shared.give(job.shared ?? [], task.node, place, signal)
          const onBegin = (files: StreamFiles) => {
            showSigns(task, files)
            return liveLogs.begin(task, files)
          }
          return await runAttempt({ ...parts, job, lease, signal, send, share, onBegin, onEnded })
        },
        async close() {
          await Promise.all([spawner.close(), folders.close()])
          shared.close()
          removeAttempts(work)
        },
      })
    },
  }
}

async function fetchJob(node: RunningTask['node'], id: string): Promise<Job> {
  const found = await node.getJob({ params: { id }, retries: 5 })
  if (!found) throw new TmError('not_found', `the node does not know its job ${id}`)
  return found.definition.job as Job
}

/** From now on, renewals of the lease say how far the command is. */
function showSigns(task: RunningTask, files: StreamFiles): void {
  const beganAt = Date.now()
  task.sign = () => ({ beganAt, line: lastLine(files) })
}

/** Sends parts of outputs to the node of the lease. Throws `LeaseLost`. */
function sender({ node, id, attempt }: RunningTask) {
  return async (
    part: number,
    body: Uint8Array<ArrayBuffer>,
    signal: AbortSignal,
  ): Promise<void> => {
    const { verdicts } = await retry(
      () => node.writeOutput({ params: { id, attempt, part }, body, signal }),
      { ...delivery, isPassing, signal },
    )
    if (verdicts[0] !== 'done') throw new LeaseLost()
  }
}
