/**
 * A worker: leases tasks, runs them and reports their outcomes. It stops when it is told to, after the
 * idle timeout without a task, or when it can't reach any node.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { TmError } from '../core/errors.ts'
import type { Isolation } from '../core/isolation.ts'
import { type Resources, shareOf } from '../core/resources.ts'
import { type Settings, withDefaults } from '../core/settings.ts'
import { describeSetupFailure, type SetupState } from '../core/setup.ts'
import type { Tail } from '../runtime/tail.ts'
import { until } from '../runtime/until.ts'
import { createNodePool } from './node-pool.ts'
import { type OwnSetUp, prepareMachine } from './setup/prepare.ts'
import type { PoolRunner, Runners, SlotOptions } from './slot/slot.ts'
import { createSlotOfKinds } from './slot/slot-of-kinds.ts'
import { type Stop, toldToStop } from './stop.ts'
import { asksForMore, createWork, type Wish, type Work } from './work.ts'

export interface WorkerOptions {
  id: string
  url: string
  /** PEM; undefined if the node has no TLS. */
  certificate?: string | undefined
  token: string
  /** Saves the token that replaces this one. */
  onToken: (token: string) => Promise<void>
  /** Settings given at the start override the node's settings. */
  settings: Partial<Settings>
  /** The runner of each kind of work. */
  runners: Runners
  /** Runs tasks of jobs. Without it, the worker takes none. */
  jobs?: PoolRunner
  machine: WorkerMachine
  /** Each command runs as a user of its own. */
  ownUsers?: boolean
  isolation?: Isolation
  /** Does the setup of a machine that the worker has to itself; undefined where there is none. */
  setUp?: OwnSetUp
  /** Called when a node has answered lately, with `lostAfter`. */
  onContact?: (lostAfterMs: number) => void
  /** Called when the slots have been created. */
  onSlots?: () => void
  /** Aborted to make the worker stop; the reason may be a `Stop`. */
  signal: AbortSignal
  log: { info(fields: object, what: string): void; warn(fields: object, what: string): void }
  /** The lines of the log, which are sent to the node; none if undefined. */
  tail?: Pick<Tail, 'read'>
}

/** The machine that a worker runs on. */
export interface WorkerMachine {
  /** What it has now. */
  read(): Resources
  /** Nodes and other workers run on it as well. */
  isShared: boolean
}

const maxLeases = 1000
/** How long a claim waits at the node for a task. A sibling's tasks are seen at most this late. */
const claimWaitMs = 1000
/** While tasks run that would make it ask for more, a worker does not wait at its node. */
const askAgainMs = 200
const flushWithinMs = 3000
/** While a setup runs, people watch its lines. */
const setupBeatMs = 2000
/** The node no longer renews the loan: the worker stops before the lender takes the place back. */
const placeLost = 'its node does not answer and its place is borrowed'

/** Throws `incompatible` if its node speaks another protocol. */
export async function runWorker(options: WorkerOptions): Promise<{ reason: string }> {
  const { id, url, certificate, token, onToken, log, runners, machine } = options
  const onProblem = (what: string, error: unknown) => log.warn({ err: error }, what)
  const { tail } = options
  const nodes = createNodePool({ worker: id, url, certificate, token, onToken, onProblem, tail })
  const stopping = new AbortController()
  const stopped = stopping.signal
  let settings = withDefaults(options.settings)
  /** Undefined until it has joined. */
  let work: Work | undefined
  /** From its first heartbeat on, so that nobody takes it for a worker that needs none. */
  let setup: SetupState | undefined = options.setUp && {
    running: { beganAt: Date.now(), line: '' },
  }
  let reason = ''
  let order = toldToStop
  /** Wakes `claimWork` when a slot may need work. */
  let wake = () => {}

  function stop(why: string): void {
    if (stopped.aborted) return
    reason = why
    stopping.abort()
    wake()
  }
  const obey = () => {
    const { reason } = options.signal
    order = reason?.why ? (reason as Stop) : toldToStop
    stop(order.why)
  }
  options.signal.addEventListener('abort', obey)
  if (options.signal.aborted) obey()

  /** A machine that many share is divided among all that may run. */
  function capacity(): Resources {
    const { slots, maxWorkers } = settings
    const workers = machine.isShared ? Math.max(1, maxWorkers) * nodes.count() : 1
    return shareOf(machine.read(), { workers, slots })
  }

  const onEnd: SlotOptions['onEnd'] = (task, outcome, mayWaitMs) => {
    work?.ended(task)
    task.reports.report({ id: task.id, attempt: task.attempt, outcome }, mayWaitMs)
    wake()
  }

  function createRunners(): Work {
    const slots = Array.from({ length: settings.slots }, () =>
      createSlotOfKinds(runners, { onEnd }),
    )
    return createWork(slots, options.jobs?.createPool({ onEnd, total: capacity }))
  }

  const beatMs = () => Math.min(settings.lease, settings.loan / 2) / 3

  async function beat(draining: boolean): Promise<void> {
    const { ownUsers = false, isolation } = options
    const state = {
      ownUsers,
      isolation,
      slots: settings.slots,
      running: work?.size() ?? 0,
      capacity: capacity(),
      rate: work?.rate(),
    }
    const [answered, lost] = await Promise.all([
      nodes.heartbeat({ ...state, draining, ...(setup ? { setup } : {}) }),
      nodes.renew(work?.running() ?? []),
    ])
    if (answered) settings = { ...answered, ...options.settings }
    if (nodes.silenceMs() < beatMs()) options.onContact?.(settings.lostAfter)
    const refusal = nodes.refusal()
    if (refusal) stop(refusal)
    for (const task of lost) work?.cancel(task)
    if (nodes.silenceMs() > settings.lostAfter) stop('no node could be reached')
    if (nodes.borrowedSilenceMs() > settings.loan / 3) stop(placeLost)
  }

  async function sendHeartbeats(end: AbortSignal): Promise<void> {
    while (!end.aborted) {
      const pauseMs = setup?.running ? Math.min(beatMs(), setupBeatMs) : beatMs()
      await sleep(pauseMs, undefined, { signal: end }).catch(() => {})
      if (!end.aborted) await beat(stopped.aborted)
    }
  }

  async function somethingEnds(): Promise<void> {
    await new Promise<void>((resolve) => {
      wake = resolve
    })
  }

  /** Or until it is time to ask for the same again. */
  async function untilMoreIsWanted(work: Work, last: Wish): Promise<void> {
    const late = sleep(askAgainMs, true)
    while (!stopped.aborted) {
      const isLate = await Promise.race([somethingEnds(), late])
      if (isLate || asksForMore(work.wish(), last)) return
    }
  }

  /** Claims leases whenever there is room for more. Ends when the worker stops. */
  async function claimWork(work: Work): Promise<void> {
    let idleSince = performance.now()
    let waitMs = 0
    while (!stopped.aborted) {
      const wish = work.wish()
      if (!wish) {
        await somethingEnds()
        continue
      }
      const began = performance.now()
      const claim = { max: maxLeases, maxWork: wish.maxWork, room: wish.room, signal: stopped }
      const claimed = await nodes.claim({ ...claim, waitMs: wish.mayWait ? waitMs : 0 })
      const { leases } = claimed
      if (leases.length > 0 || work.size() > 0) idleSince = performance.now()
      work.assign(claimed)
      if (leases.length === 0) {
        if (performance.now() - idleSince >= settings.idleTimeout) stop('it had nothing to do')
        // A node that is down or draining fails at once: do not ask it again without a pause.
        const leftMs = waitMs - (performance.now() - began)
        if (!wish.mayWait) await untilMoreIsWanted(work, wish)
        else if (leftMs > 0) await sleep(leftMs, undefined, { signal: stopped }).catch(() => {})
      }
      // A claim that may wait is answered at once if there is work. But siblings are asked after the wait.
      const mayWaitNext = leases.length === 0 || nodes.count() === 1
      waitMs = mayWaitNext ? Math.min(claimWaitMs, settings.idleTimeout) : 0
    }
  }

  /** Lets running tasks finish, then aborts them. */
  async function finish(work: Work, { finishWithinMs, endWithinMs }: Stop): Promise<void> {
    const isDone = () => work.size() === 0
    work.drain()
    if (await until(isDone, { withinMs: finishWithinMs, pauseMs: 5 })) return
    work.abort()
    await until(isDone, { withinMs: endWithinMs, pauseMs: 5 })
  }

  async function flush(withinMs: number): Promise<void> {
    const queues = nodes.reportQueues()
    const flushed = Promise.all(queues.map((queue) => queue.flushed()))
    await Promise.race([flushed, sleep(withinMs, undefined, { ref: false })])
    for (const queue of queues) queue.abandon()
  }

  const heartbeats = new AbortController()
  await beat(false)
  const beats = sendHeartbeats(heartbeats.signal)
  const failedSetup = await prepareMachine(options.setUp, {
    fetch: () => nodes.setup(stopped),
    signal: stopped,
    onState(state) {
      setup = state
    },
    onLine: (line) => log.info({}, `setup: ${line}`),
  })
  if (options.setUp && !failedSetup && !stopped.aborted) await beat(false)
  if (failedSetup) stop(describeSetupFailure(failedSetup))
  else {
    work = createRunners()
    options.onSlots?.()
    log.info({ slots: settings.slots, url }, 'working')
    await claimWork(work)
    log.info({ reason, running: work.size() }, 'stopping')

    const inHurry = reason === placeLost
    await finish(work, inHurry ? { ...order, finishWithinMs: 0 } : order)
    await flush(inHurry ? settings.loan / 12 : flushWithinMs)
  }
  heartbeats.abort()
  log.info({ reason }, 'stopped')
  await Promise.all([beats, nodes.leave(failedSetup), work?.close()])
  const refusal = nodes.refusal()
  if (refusal) throw new TmError('incompatible', refusal)
  return { reason }
}
