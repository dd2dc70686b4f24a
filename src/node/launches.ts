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
  /** A worker that was not launched. */
  drop: (worker: Worker) => void
  /** Milliseconds between two launches. */
  gapMs: () => number
  onError: (what: string, error: unknown) => void
}

/** One call may take seconds. */
const mostAtOnce = 4

export function createLaunches({ launch, failures, drop, gapMs, onError }: LaunchesOptions) {
  const inTurn = serial()
  let next = 0

  /** Resolves when it may be launched. */
  async function pace(): Promise<void> {
    const now = performance.now()
    const at = Math.max(now, next)
    next = at + gapMs()
    if (at > now) await sleep(at - now)
  }

  async function launchOne(worker: Worker): Promise<void> {
    await pace()
    // The others would most likely fail, too.
    if (failures.current()) return drop(worker)
    try {
      worker.machine = await launch(worker.id)
    } catch (error) {
      drop(worker)
      failures.add(messageOf(error))
      onError(`worker ${worker.id} was not launched`, error)
    }
  }

  /** Resolves when each has a machine, or was dropped. */
  return (workers: Worker[]): Promise<void> =>
    inTurn(() => inParallel(workers, mostAtOnce, launchOne))
}
