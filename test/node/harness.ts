/** A node without a socket and without machines: the real queue on a real store, driven by requests. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../../src/core/clock.ts'
import type { Settings } from '../../src/core/settings.ts'
import { type Role, signToken } from '../../src/core/tokens.ts'
import { createApp, type Deps } from '../../src/node/app.ts'
import { createBackups } from '../../src/node/backups.ts'
import { loadLoans } from '../../src/node/loans.ts'
import { createQueue } from '../../src/node/queue.ts'
import { createRestore } from '../../src/node/restore.ts'
import type { AuditLine } from '../../src/node/routes/audit.ts'
import { createScaler } from '../../src/node/scaler.ts'
import { createSecrets } from '../../src/node/secrets.ts'
import { loadSettings } from '../../src/node/settings.ts'
import { loadSiblings, type Sibling, type SiblingClient } from '../../src/node/siblings.ts'
import { readBackup, sealBackup } from '../../src/node/store/sqlite/backup.ts'
import { openSqliteStore } from '../../src/node/store/sqlite/sqlite.ts'
import { stageRestore } from '../../src/node/store/sqlite/staged.ts'
import { createWorkers } from '../../src/node/workers.ts'
import type { Machine } from '../../src/provider/provider.ts'

export const secret = new Uint8Array(32).fill(7)

export interface Bench {
  time: { wall: number; steady: number }
  machines: Map<string, Machine>
  /** Set to make every launch fail with this. */
  launchError: string | undefined
  terminated: string[]
  errors: string[]
}

export type TestNode = Awaited<ReturnType<typeof createNode>>

export async function createNode(
  options: {
    id?: string
    settings?: Partial<Settings>
    program?: string
    provision?: Deps['provision']
    siblings?: Sibling[]
    dial?: (sibling: Sibling) => SiblingClient
    bench?: Bench
  } = {},
) {
  const { id = 'node-1', dial = noSibling } = options
  const folder = mkdtempSync(join(tmpdir(), 'tm-node-'))
  const bench: Bench = options.bench ?? {
    time: { wall: 1_000_000, steady: 1_000_000 },
    machines: new Map(),
    launchError: undefined,
    terminated: [],
    errors: [],
  }
  const clock: Clock = () => ({ ...bench.time })
  const onError = (what: string, error: unknown) => bench.errors.push(`${what}: ${error}`)
  const store = await openSqliteStore({ folder })
  const settings = await loadSettings(store, options.settings ?? {})
  await store.resume(settings.get().lease, clock())
  const siblings = await loadSiblings(store, dial)
  if (options.siblings) await siblings.set(options.siblings)
  const queue = createQueue({ store, clock, settings: settings.get, random: () => 0.5 })
  const loans = await loadLoans({ store, siblings, clock, settings: settings.get, onError })
  let launched = 0
  const workers = createWorkers({
    node: id,
    provider: {
      list: async () => [...bench.machines.values()],
      whyEnded: async () => undefined,
      terminate: async (machine) => {
        bench.terminated.push(machine)
        bench.machines.delete(machine)
      },
    },
    launch: async (worker) => {
      if (bench.launchError) throw new Error(bench.launchError)
      const launchedAt = bench.time.wall
      const machine: Machine = { id: worker, kind: 'worker', cluster: 'test', node: id, launchedAt }
      bench.machines.set(worker, machine)
      return machine
    },
    newId: () => {
      launched += 1
      return `${id}-w-${launched}`
    },
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
    onPlan: () => {},
    onError,
  })
  const info = { id, cluster: 'test', version: '0.0.0', startedAt: bench.time.wall }
  const duties = new Map<string, string>()
  const audited: AuditLine[] = []
  const onAudit = (line: AuditLine) => audited.push(line)
  const parts = { queue, workers, loans, scaler, settings, siblings, duties, onAudit, onError }
  const { program, provision } = options
  const seal = (file: string) => sealBackup(file, { cluster: 'test', node: id, at: clock().wall })
  const backups = createBackups({ store, folder, seal })
  const restore = createRestore({ queue, folder, check: readBackup, stage: stageRestore })
  const copies = { backups, restore, restored: undefined }
  const secrets = createSecrets({ current: Buffer.from(secret).toString('hex') }, async () => {})
  const deps = { info, secrets, program, provision, ...parts, ...copies }
  const app = createApp(deps)

  return {
    ...deps,
    app,
    bench,
    store,
    /** What administrators have done. */
    audited,
    /** A request with the token of a role; a worker's subject is `w1` unless said. */
    async request(path: string, init: RequestInit & { as?: Role; subject?: string } = {}) {
      const { as = 'admin', subject = as === 'worker' ? 'w1' : as, ...rest } = init
      const headers = new Headers(rest.headers)
      headers.set('authorization', `Bearer ${signToken(secret, { role: as, subject })}`)
      return await app.request(path, { ...rest, headers })
    },
    /** The same with a JSON body. */
    async send(
      method: string,
      path: string,
      body: unknown,
      who: { as?: Role; subject?: string } = {},
    ) {
      return await this.request(path, {
        ...who,
        method,
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      })
    },
    async close() {
      scaler.stop()
      backups.close()
      await store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function noSibling({ url }: Sibling): SiblingClient {
  const away = async () => {
    throw new Error(`${url} is away`)
  }
  return {
    results: away,
    lookup: away,
    markPulled: away,
    askForLoan: away,
    renewLoan: away,
    returnLoan: away,
  }
}
