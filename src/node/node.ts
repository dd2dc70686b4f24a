/**
 * Composes a node: the queue on its store, the workers of its provider, loans, the scaler, and the
 * HTTP interface. `serve.ts` passes a store and a socket; tests pass their own clock and provider.
 */
import { randomBytes } from 'node:crypto'
import type { RequestListener } from 'node:http'
import type { Clock } from '../core/clock.ts'
import type { Keys } from '../core/keys.ts'
import type { Computer } from '../core/one-computer.ts'
import type { Resources } from '../core/resources.ts'
import type { Settings } from '../core/settings.ts'
import type { Setup } from '../core/setup.ts'
import { type Kinds, kinds } from '../kinds/kinds.ts'
import type { Provider } from '../provider/provider.ts'
import type { Loop } from '../runtime/loop.ts'
import { createTail, type Tail } from '../runtime/tail.ts'
import { createBackups } from './backups.ts'
import { createCapacity } from './capacity.ts'
import { startDuties } from './duties.ts'
import { createExplanations } from './explanations.ts'
import { createListener } from './http/listener.ts'
import type { AuditLine, NodeContext } from './http/node-context.ts'
import { createInUse } from './in-use.ts'
import { createIntake } from './intake.ts'
import { createJobs } from './jobs.ts'
import { loadJoinKeys } from './join-keys.ts'
import { createLastLines } from './last-lines.ts'
import { loadLearned } from './learned.ts'
import { createLiveLogs } from './live-logs.ts'
import { loadLoans } from './loans.ts'
import { createLogs } from './logs.ts'
import { createOutlooks } from './outlook.ts'
import { createPauses } from './pauses.ts'
import { createQueue } from './queue.ts'
import { createRestore } from './restore.ts'
import { createScaler } from './scaler.ts'
import { createSecrets } from './secrets.ts'
import { loadSettings } from './settings.ts'
import { loadSetups } from './setups.ts'
import { createShared } from './shared.ts'
import { dialWith, loadSiblings, type Sibling, type SiblingClient } from './siblings.ts'
import type { BackupInfo } from './store/snapshots.ts'
import type { Store } from './store/store.ts'
import { createWorkers } from './workers.ts'

export interface NodeOptions {
  id: string
  cluster: string
  version: string
  /** Holds the node's files. */
  folder: string
  keys: Keys
  /** Resolves when the keys are on disk; undefined where the caller of a rotation saves them. */
  saveKeys?: (keys: Keys) => Promise<void>
  /** Settings given at the start; they override saved settings. */
  settings: Partial<Settings>
  /** The computer that this node shares with its workers; undefined if they have their own. */
  computer?: Computer
  /** What that computer has, or the largest machine of a worker; undefined if not known. */
  machine?: () => Resources | undefined
  provider: Provider
  /** The file of the packed program that workers download; undefined if they have their own. */
  program?: string | undefined
  /** Changes the machines of future workers; undefined for local workers. */
  configure?: NodeContext['configure']
  /** What the machine of a worker does once, before its first task; nothing if undefined. */
  setup?: () => Setup | undefined
  /** Called at each sign that this node is of use: see in-use.ts. */
  onUse?: (holds: boolean) => void
  /** Random ids if undefined. */
  newWorkerId?: () => string
  /** All of tm's kinds of work if undefined. */
  kinds?: Kinds
  log: Log
  /** The last lines of the log; none if undefined. */
  tail?: Tail
}

export interface NodeParts {
  store: Store
  clock: Clock
  /** The address of this node for siblings and workers. */
  url: string
  /** Connects to a sibling; over HTTP if undefined. */
  dial?: (sibling: Sibling) => SiblingClient
  /** A number in [0, 1), for the jitter of retries. */
  random?: () => number
}

export interface Log {
  info(fields: object, what: string): void
  error(fields: { err: unknown }, what: string): void
}

export type Node = Awaited<ReturnType<typeof createNode>>

/** The node's periodic duties begin with `start`. Tests call them one by one instead. */
export async function createNode(options: NodeOptions & NodeParts) {
  const { id, cluster, version, folder, log, clock } = options
  const { tasks, documents, snapshots, jobs: jobStore } = options.store
  const onError = (what: string, error: unknown) => log.error({ err: error }, what)
  const secrets = createSecrets(options.keys, options.saveKeys ?? (async () => {}))
  const settings = await loadSettings(documents, options.settings, options.computer)
  await tasks.resume(settings.get().lease, clock())
  const dial = options.dial ?? dialWith(() => secrets.nodeToken(id))
  const siblings = await loadSiblings(documents, dial)
  const { random = Math.random } = options
  const onIntake = (now: object) => log.info(now, 'intake')
  const intake = createIntake({ node: id, folder, reusable: tasks.reusableBytes, clock, onIntake })
  const queue = createQueue({ store: tasks, clock, settings: settings.get, intake, random })
  const pauses = createPauses({
    store: jobStore,
    siblings,
    onPaused: (paused) => log.info(paused, 'a job is paused'),
  })
  const shared = createShared({ store: options.store.shared, clock, intake })
  const loans = await loadLoans({
    documents,
    siblings,
    clock,
    settings: settings.get,
    onError,
  })
  const setups = await loadSetups(documents, { current: options.setup ?? (() => undefined), clock })
  const learned = await loadLearned({ documents, starts: options.provider.starts, onError })
  const workers = createWorkers({
    node: id,
    provider: options.provider,
    launch: async (worker) => {
      log.info({ worker }, 'launching a worker')
      const token = secrets.workerToken(worker)
      const { provider, url } = options
      return await provider.launch({ kind: 'worker', id: worker, node: id, url, token })
    },
    newId: options.newWorkerId ?? (() => `${id}-w-${randomBytes(4).toString('hex')}`),
    clock,
    settings: settings.get,
    isPaused: queue.isPaused,
    setups,
    joinKeys: await loadJoinKeys(documents),
    learned,
    onError,
  })
  const capacity = createCapacity({
    machine: options.machine,
    isShared: options.computer !== undefined,
    workers,
    siblings,
    settings: settings.get,
  })
  const jobs = createJobs({ store: jobStore, clock, queue, capacity })
  const outlooks = createOutlooks({
    queue,
    workers,
    learned,
    capacity,
    setups,
    settings: settings.get,
    clock,
  })
  const scaler = createScaler({
    queue,
    capacity,
    outlooks,
    workers,
    loans,
    siblings,
    settings: settings.get,
    onPlan: (plan) => log.info(plan, 'scaling'),
    onError,
  })
  const seal = (file: string) => snapshots.seal(file, { cluster, node: id, at: clock().wall })
  const backups = createBackups({ copyTo: snapshots.copyTo, folder, seal })
  const restore = createRestore({ queue, folder, check: snapshots.read, stage: snapshots.stage })
  const liveLogs = createLiveLogs(() => clock().steady)
  const lastLines = createLastLines({
    now: () => clock().steady,
    keepMs: () => 2 * settings.get().lease,
  })
  const { onUse = () => {} } = options
  const inUse = createInUse({ stats: queue.stats, now: () => clock().steady, onUse })
  const failingDuties = new Map<string, string>()
  const parts = { queue, jobs, workers, loans, scaler, siblings, lastLines }
  const now = () => clock().wall
  const context: NodeContext = {
    ...parts,
    info: { id, cluster, version, startedAt: clock().wall },
    secrets,
    program: options.program,
    configure: options.configure,
    kinds: options.kinds ?? kinds,
    intake,
    shared,
    setups,
    outlooks,
    settings,
    backups,
    restore,
    liveLogs,
    explanations: createExplanations({ ...parts, node: id, capacity, now }),
    logs: createLogs(id, options.tail ?? createTail(0)),
    restored: (await documents.load('backup')) as BackupInfo | undefined,
    failingDuties,
    onAsked: inUse.asked,
    onAudit: (line: AuditLine) => log.info(line, 'audit'),
    onError,
  }
  const listener: RequestListener = createListener(context)

  let loops: Loop[] = []

  return {
    ...context,
    scaler,
    listener,
    start(): void {
      queue.onWork(scaler.poke)
      loops = startDuties(
        {
          'expiring leases': queue.expireLeases,
          'cleaning up': queue.prune,
          scaling: scaler.tick,
          'telling of paused jobs': pauses.tick,
          'looking whether it is in use': inUse.tick,
          'watching the disk': intake.tick,
        },
        { failing: failingDuties, everyMs: () => settings.get().tick, onError },
      )
    },
    /** Takes no more tasks, gives no more leases, ends all duties. */
    async stop(): Promise<void> {
      queue.pause()
      intake.close()
      liveLogs.close()
      scaler.stop()
      await Promise.all(loops.map((loop) => loop.stop()))
      backups.close()
    },
  }
}
