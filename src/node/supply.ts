/** What the workers of a node have and do, for decisions about how many there should be. */
import { most, type Resources } from '../core/resources.ts'
import type { Worker } from './worker-state.ts'
import type { WorkerState } from './worker-view.ts'

export interface SupplyOptions {
  known: ReadonlyMap<string, Worker>
  stateOf: (worker: Worker) => WorkerState
  /** Steady milliseconds. */
  now: () => number
}

export function createSupply({ known, stateOf, now }: SupplyOptions) {
  const inState = (...states: WorkerState[]) =>
    [...known.values()].filter((worker) => states.includes(stateOf(worker)))

  /** Those that do not work yet, by what is known of their launch. */
  const launching = (launch: 'number' | 'string' | undefined) =>
    inState('starting', 'preparing').filter(
      (worker) => (worker.launch === undefined ? undefined : typeof worker.launch) === launch,
    )

  return {
    active: (): number => known.size,
    draining: (): number => inState('draining').length,
    /** Those that work, or could: also those that an earlier process of this node knew. */
    up: (): number => inState('idle', 'busy').length + launching(undefined).length,
    /** How many milliseconds ago those were launched that do not work yet. */
    starting: (): number[] => launching('number').map(({ launch }) => now() - (launch as number)),
    /** Those whose launch has not begun. */
    queued: (): number => launching('string').length,

    /** The most that one of them has for tasks of jobs. */
    capacity: (): Resources =>
      most([...known.values()].flatMap(({ heartbeat }) => heartbeat?.capacity ?? [])),

    /** What those have that start or are idle, each; undefined if it has not said so yet. */
    ready: (): (Resources | undefined)[] =>
      inState('starting', 'preparing', 'idle').map(({ heartbeat }) => heartbeat?.capacity),
  }
}
