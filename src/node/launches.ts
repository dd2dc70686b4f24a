/** Launches workers: several at a time, no faster than the provider takes them. */
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../core/errors.ts'
import type { Machine } from '../provider/provider.ts'
import { inParallel } from '../runtime/in-parallel.ts'
import { serial } from '../runtime/serial.ts'
import type { LaunchFailures } from './launch-failures.ts'
import type { Worker } from './worker-state.ts'

export interface LaunchesOptions {
  /** Makes the machine of a new worker with this id. */
  launch: (id: string) => Promise<Machine>
  failures: Pick<LaunchFailures, 'add' | 'current'>
  /** Whether it is still to be launched: while it waited, the work may have ended, or launches have failed. */
  isWanted: (worker: Worker) => boolean
  /** Its launch begins. */
  onBegin: (worker: Worker) => void
  /** It was not launched. */
  drop: (worker: Worker) => void
  /** Its machine is there, and nobody wants it any more. */
  abandon: (worker: Worker) => Promise<void>
  /** Milliseconds between two launches. */
  gapMs: () => number
  onError: (what: string, error: unknown) => void
}

/** One call may take seconds. */
const mostAtOnce = 4

export function createLaunches(options: LaunchesOptions) {
  const { launch, failures, isWanted, onBegin, drop, abandon, gapMs, onError } = options
  const inTurn = serial()
  const oneAfterAnother = serial()
  let next = 0

  async function pace(): Promise<void> {
    await oneAfterAnother(async () => {
      const waitMs = next - performance.now()
      if (waitMs > 0) await sleep(waitMs)
      next = performance.now() + gapMs()
    })
  }

  async function launchOne(worker: Worker): Promise<void> {
    if (isWanted(worker)) await pace()
    if (!isWanted(worker)) return drop(worker)
    onBegin(worker)
    try {
      worker.machine = await launch(worker.id)
    } catch (error) {
      drop(worker)
      // Of several that fail at a time one counts.
      if (!failures.current()) failures.add(messageOf(error))
      return onError(`worker ${worker.id} was not launched`, error)
    }
    if (worker.leaving) await abandon(worker)
  }

  /** Resolves when each has a machine, or was dropped. */
  return (workers: Worker[]): Promise<void> =>
    inTurn(() => inParallel(workers, mostAtOnce, launchOne))
}
