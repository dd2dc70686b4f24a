/**
 * The workers of this node: the machines that its provider lists, and the heartbeats of the workers
 * that joined. Launches and terminates machines when the scaler says so.
 */
import type { Clock } from '../core/clock.ts'
import type { Settings } from '../core/settings.ts'
import type { SetupFailure } from '../core/setup.ts'
import type { Machine, Provider } from '../provider/provider.ts'
import { admission, type JoiningMachine } from './admission.ts'
import { createFailedMachines } from './failed-machines.ts'
import type { JoinKeys } from './join-keys.ts'
import { createLaunchFailures, describeEnd, isWell } from './launch-failures.ts'
import { createLaunches } from './launches.ts'
import type { Learned } from './learned.ts'
import { createLook } from './look.ts'
import { createRemovedWorkers } from './removed-workers.ts'
import type { Setups } from './setups.ts'
import { createSupply } from './supply.ts'
import {
  beginLaunch,
  inDrainOrder,
  isOverdue,
  viewOf,
  type Worker,
  workerState,
} from './worker-state.ts'
import type { Heartbeat, WorkerView } from './worker-view.ts'

export interface WorkersOptions {
  node: string
  provider: Pick<Provider, 'list' | 'looks' | 'terminate' | 'whyEnded'>
  /** Makes the machine of a new worker with this id. */
  launch: (id: string) => Promise<Machine>
  newId: () => string
  clock: Clock
  settings: () => Settings
  /** The node takes no work, and launches nothing. */
  isPaused: () => boolean
  /** What is known of the setup of their machines. */
  setups: Pick<Setups, 'succeeded' | 'failed' | 'tryAgain' | 'isOutdated' | 'refusal'>
  joinKeys: Pick<JoinKeys, 'claim'>
  learned: Pick<Learned, 'booted' | 'measured' | 'timing'>
  onError: (what: string, error: unknown) => void
}

/**
 * How long a worker that was told to stop has before the provider kills it. A worker that said
 * goodbye and is still listed after this long is terminated.
 */
const defaultGraceMs = 10_000

export type Workers = ReturnType<typeof createWorkers>

export function createWorkers(options: WorkersOptions) {
  const { node, provider, clock, settings, setups } = options
  const known = new Map<string, Worker>()
  const removed = createRemovedWorkers({ ...options, graceMs: defaultGraceMs })
  const failures = createLaunchFailures(clock)
  const failed = createFailedMachines({ setups, failures })
  const look = createLook(options)
  const stateOf = (worker: Worker) => workerState(worker, clock().steady, settings().lease)
  const supply = createSupply({ known, stateOf, now: () => clock().steady })
  const launchAll = createLaunches({
    ...options,
    failures,
    isWanted: (worker) =>
      known.get(worker.id) === worker && !options.isPaused() && launchFailure() === undefined,
    onBegin: (worker) => beginLaunch(worker, clock()),
    drop: ({ id }) => known.delete(id),
    abandon: (worker) => terminate(worker),
    gapMs: () => options.learned.timing().gap,
  })
  let lastReconcile = clock().steady

  function add(id: string, machine?: Machine): Worker {
    const { wall, steady } = clock()
    const unjoined = { heartbeat: undefined, well: false, leaving: false, heardAt: steady }
    const launchedAt = machine?.launchedAt ?? wall
    const worker: Worker = { id, machine, ...unjoined, launchedAt }
    known.set(id, worker)
    return worker
  }

  function remove(id: string): void {
    known.delete(id)
    removed.add(id)
  }

  async function terminate(worker: Worker, graceMs = defaultGraceMs): Promise<void> {
    worker.leaving = true
    try {
      await provider.terminate(worker.id, { graceMs })
      remove(worker.id)
    } catch (error) {
      worker.leaving = false
      options.onError(`worker ${worker.id} could not be terminated`, error)
    }
  }

  function noteJoin({ launch, heardAt }: Worker, { setup }: Heartbeat): void {
    // Of one that an earlier process of this node has launched nobody knows when that was.
    if (typeof launch === 'number') options.learned.booted(heardAt - launch)
    if (!setup?.hash) return
    const onError = (error: unknown) => options.onError('saving that the setup works', error)
    setups.succeeded(setup.hash).catch(onError)
  }

  /** Why not to launch now; `retryIn` is infinite if only the user can change that. */
  function launchFailure(): { reason: string; retryIn: number } | undefined {
    const reason = setups.refusal()
    return reason === undefined ? failures.current() : { reason, retryIn: Infinity }
  }

  /** Only once: an older worker that works says nothing about the next launch. */
  function proveWell(worker: Worker): void {
    if (worker.well) return
    worker.well = true
    failures.clear()
  }

  /** Its machine ended without a word: its place is free, and after an early end launches pause. */
  async function noticeEnd(worker: Worker, noticedAt: number): Promise<void> {
    known.delete(worker.id)
    if (isWell(worker, worker.heardAt)) return
    await failed.ended(worker, describeEnd(worker, noticedAt, await provider.whyEnded(worker.id)))
  }

  /** It has nothing to do, and its machine is not as a new one would be. */
  function isOutdated(worker: Worker): boolean {
    return stateOf(worker) === 'idle' && setups.isOutdated(worker.heartbeat?.setup)
  }

  async function compare(all: Machine[], asked: number): Promise<void> {
    const own = all.filter((machine) => machine.node === node)
    const listed = new Map(own.map((machine) => [machine.id, machine]))
    for (const machine of own) {
      const worker = known.get(machine.id)
      if (worker) worker.machine = machine
      else if (!removed.has(machine.id)) add(machine.id, machine)
    }
    removed.retryTerminate(listed, asked)
    for (const worker of known.values()) {
      const wasThere = worker.machine && worker.heardAt < asked && !worker.leaving
      if (wasThere && !listed.has(worker.id)) await noticeEnd(worker, asked)
    }
  }

  return {
    ...supply,

    /** Launches workers. They count as active at once, until a launch fails. */
    launch(count = 1): Promise<void> {
      const queued = { launch: 'queued' } as const
      const workers = Array.from({ length: count }, () => add(options.newId()))
      return launchAll(workers.map((worker) => Object.assign(worker, queued)))
    },

    launchFailure,
    launchProblem: (): string | undefined => setups.refusal() ?? failures.problem(),
    lookProblem: look.problem,

    /** Whether this machine may have the token of this worker. */
    admit: (id: string, machine: JoiningMachine) =>
      admission(known.get(id), machine, options.joinKeys),

    /** A worker joins, or shows that it is alive. */
    heartbeat(id: string, heartbeat: Heartbeat): void {
      // A heartbeat that was in flight when the worker left must not add it again.
      if (removed.has(id)) return
      const worker = known.get(id) ?? add(id)
      worker.heartbeat = heartbeat
      worker.heardAt = clock().steady
      if (heartbeat.rate) options.learned.measured(heartbeat.rate)
      if (heartbeat.setup?.running) return
      if (worker.joinedAt === undefined) noteJoin(worker, heartbeat)
      worker.joinedAt ??= worker.heardAt
      if (isWell(worker, worker.heardAt)) proveWell(worker)
    },

    /** A sign of life other than a heartbeat. `change`: tasks that it claimed, less those it reported. */
    heard(id: string, change = 0): void {
      const worker = known.get(id)
      if (!worker?.heartbeat) return
      worker.heardAt = clock().steady
      worker.heartbeat.running = Math.max(0, worker.heartbeat.running + change)
      if (change < 0) proveWell(worker)
    },

    /** Whether at least `limit` workers are older than this one. */
    isOverLimit: (id: string, limit: number): boolean => [...known.keys()].indexOf(id) >= limit,

    isKnown: (id: string): boolean => known.has(id),
    /** Whether it was told to stop or has left: it gets no more leases. */
    isLeaving: (id: string): boolean => known.get(id)?.leaving ?? removed.has(id),

    /** The worker says that it stops. Its place is free now; a machine that stays is terminated. */
    down(id: string): void {
      if (known.has(id)) remove(id)
    },

    /** Whoever created the cluster has looked at it again: earlier failures do not count. */
    async tryAgain(): Promise<void> {
      failures.clear()
      await setups.tryAgain()
    },

    /** The setup of its machine failed, as the worker says. */
    async setupFailed(id: string, hash: string, failure: SetupFailure): Promise<void> {
      if (known.has(id)) await failed.setupFailed(id, hash, failure)
    },

    /** Stops `count` workers, starting and idle ones first. */
    drain(count: number, graceMs: number): void {
      const order = inDrainOrder(known.values(), stateOf)
      for (const worker of order.slice(0, count)) void terminate(worker, graceMs)
    },

    /** Compares with the provider's list. Terminates workers that never joined or went silent. */
    async reconcile(): Promise<void> {
      const more = { removed: removed.size(), silentMs: settings().lease / 2 }
      const seen = look.isDue([...known.values()], more) ? await look.take() : undefined
      if (seen) await compare(seen.machines, seen.asked)
      // Nobody is blamed by a node that can't see.
      if (look.problem() !== undefined) return
      // While this process itself was suspended it could not hear from any worker.
      const slept = clock().steady - lastReconcile > settings().lease / 2 + settings().tick
      lastReconcile = clock().steady
      if (slept) for (const worker of known.values()) worker.heardAt = lastReconcile
      const isLate = (worker: Worker) => isOverdue(worker, clock().steady, settings())
      for (const worker of [...known.values()].filter(isLate)) {
        if (worker.joinedAt === undefined) await failed.overdue(worker)
        void terminate(worker)
      }
      for (const worker of [...known.values()].filter(isOutdated)) void terminate(worker)
    },

    /** Milliseconds since its launch; 0 if it is not known. */
    ranMs: (id: string): number => clock().wall - (known.get(id)?.launchedAt ?? clock().wall),

    list: (): WorkerView[] => [...known.values()].map((one) => viewOf(one, stateOf(one))),
  }
}
