/** The composition root of a node: opens the store, puts the parts together, listens, and ends well. */
import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Logger } from 'pino'
import { minVersion } from '../core/certificate.ts'
import { messageOf, TmError } from '../core/errors.ts'
import type { Keys } from '../core/keys.ts'
import type { Settings } from '../core/settings.ts'
import type { Machine, Provider } from '../provider/provider.ts'
import type { Deps } from './app.ts'
import { createBackups } from './backups.ts'
import { systemClock } from './clock.ts'
import { createListener } from './listener.ts'
import { loadLoans } from './loans.ts'
import { type Loop, startLoop } from './loop.ts'
import { createQueue } from './queue.ts'
import { createRestore } from './restore.ts'
import type { AuditLine } from './routes/audit.ts'
import { createScaler } from './scaler.ts'
import { createSecrets } from './secrets.ts'
import { loadSettings } from './settings.ts'
import { dialWith, loadSiblings } from './siblings.ts'
import { type BackupInfo, readBackup, sealBackup } from './store/sqlite/backup.ts'
import { openSqliteStore } from './store/sqlite/sqlite.ts'
import { stageRestore } from './store/sqlite/staged.ts'
import { createWorkers } from './workers.ts'

export interface NodeOptions {
  id: string
  cluster: string
  version: string
  /** Where its database lies. */
  folder: string
  /** Loopback, unless the node has TLS. */
  host: string
  /** PEM: the node's own key and the certificate for it. */
  tls?: { key: string; cert: string }
  /** Where siblings and workers reach it; `host`, if undefined. */
  address?: string
  /** 0 takes any free port. */
  port: number
  /** Takes any other port when this one is taken. */
  orAnyPort?: boolean
  keys: Keys
  /** Answers when they are on disk; undefined where whoever changes them does that. */
  saveKeys?: (keys: Keys) => Promise<void>
  settings: Partial<Settings>
  provider: Provider
  /** The packed program that workers fetch and run, where they join by themselves. */
  program?: string
  /** Launches a worker of this node with this token; the provider says what a machine is. */
  launchWorker: (worker: { id: string; token: string; url: string }) => Promise<Machine>
  newWorkerId: () => string
  /** Changes what its next workers are made of, and more; undefined where there is no choice. */
  provision?: (terms: Record<string, unknown>) => Promise<void>
  log: Logger
}

export interface RunningNode {
  url: string
  /** Resolves when its database was replaced: it has to be stopped and started again. */
  replaced: Promise<void>
  /** Stops listening, waits for answers under way, closes the store. */
  stop(): Promise<void>
}

export async function startNode(options: NodeOptions): Promise<RunningNode> {
  const { id, cluster, version, log } = options
  const secrets = createSecrets(options.keys, options.saveKeys ?? (async () => {}))
  const store = await openSqliteStore({ folder: options.folder })
  const onError = (what: string, error: unknown) => log.error({ err: error }, what)
  const duties = new Map<string, string>()
  const settings = await loadSettings(store, options.settings)
  await store.resume(settings.get().lease, systemClock())
  const siblings = await loadSiblings(
    store,
    dialWith(() => secrets.nodeToken(id)),
  )
  const clock = systemClock
  const queue = createQueue({ store, clock, settings: settings.get })
  const loans = await loadLoans({ store, siblings, clock, settings: settings.get, onError })
  let url = ''
  const workers = createWorkers({
    node: id,
    provider: options.provider,
    launch: async (worker) => {
      const token = secrets.workerToken(worker)
      log.info({ worker }, 'launching a worker')
      return await options.launchWorker({ id: worker, token, url })
    },
    newId: options.newWorkerId,
    clock,
    settings: settings.get,
    onError,
  })
  const scaler = createScaler({
    queue,
    workers,
    loans,
    siblings,
    settings: settings.get,
    onPlan: (plan) => log.info(plan, 'scaling'),
    onError,
  })
  const { folder } = options
  const backups = createBackups({
    store,
    folder,
    seal: (file) => sealBackup(file, { cluster, node: id, at: Date.now() }),
  })
  const restore = createRestore({ queue, folder, check: readBackup, stage: stageRestore })
  const restored = (await store.load('backup')) as BackupInfo | undefined
  const info = { id, cluster, version, startedAt: Date.now() }
  const onAudit = (line: AuditLine) => log.info(line, 'audit')
  const parts = { queue, workers, loans, scaler, settings, siblings, duties, onAudit, onError }
  const copies = { backups, restore, restored }
  const { program, provision } = options
  const deps = { info, secrets, program, provision, ...parts, ...copies }
  const server = await listen(deps, options)
  url = urlOf(server, options)
  queue.onWork(scaler.poke)

  /** A duty that fails is logged when that begins, shown in `health`, and tried again. */
  function watch(name: string, tick: () => Promise<unknown>): Loop {
    const failed = (error: unknown) => {
      if (!duties.has(name)) onError(`${name} fails`, error)
      duties.set(name, messageOf(error))
    }
    const duty = async () => {
      await tick()
      duties.delete(name)
    }
    return startLoop(duty, { every: () => settings.get().tick, onError: failed })
  }

  const loops = [
    watch('looking after leases', queue.reap),
    watch('cleaning up', queue.tidy),
    watch('scaling', scaler.tick),
  ]
  log.info({ url }, 'serving')

  return {
    url,
    replaced: restore.replaced,
    async stop() {
      queue.pause()
      scaler.stop()
      await Promise.all(loops.map((loop) => loop.stop()))
      await close(server)
      backups.close()
      await store.close()
      log.info('stopped')
    },
  }
}

/**
 * Timeouts for clients that are slow on purpose: 10 s for headers, 5 min for a whole request. Looked
 * at every second, not every 30, for until then each has its connection. There are far more of these
 * than a cluster needs, and not so many that a node runs out of memory by who never says a word.
 */
async function listen(
  deps: Deps,
  options: Pick<NodeOptions, 'host' | 'port' | 'orAnyPort' | 'tls'>,
): Promise<Server> {
  const { host, port, orAnyPort, tls } = options
  const answer = createListener(deps)
  const limits = {
    headersTimeout: 10_000,
    requestTimeout: 300_000,
    keepAliveTimeout: 30_000,
    connectionsCheckingInterval: 1000,
    maxHeaderSize: 16_384,
  }
  const server = tls
    ? createTlsServer({ ...limits, ...tls, minVersion }, answer)
    : createServer(limits, answer)
  server.maxConnections = 10_000
  return await new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE'
      if (taken && orAnyPort) return resolve(listen(deps, { ...options, port: 0 }))
      const why = taken ? 'another program listens there' : error.message
      reject(new TmError('failed', `Can't listen on ${host}:${port}: ${why}`, { cause: error }))
    })
    server.listen(port, host, () => resolve(server))
  })
}

function urlOf(server: Server, { host, address = host, tls }: NodeOptions): string {
  const bound = server.address()
  if (typeof bound !== 'object' || !bound) throw new Error('the server has no address')
  return `${tls ? 'https' : 'http'}://${address}:${bound.port}`
}

/** Idle connections end at once, busy ones when their answer is out, all of them after 5 s. */
async function close(server: Server): Promise<void> {
  const force = setTimeout(() => server.closeAllConnections(), 5000)
  await new Promise((resolve) => {
    server.close(resolve)
    server.closeIdleConnections()
  })
  clearTimeout(force)
}
