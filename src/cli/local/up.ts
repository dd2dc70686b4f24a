/** `tm up --local`: starts the nodes that are missing, introduces them to each other, changes what is new. */
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, connect, type NodeState } from '../../client/client.ts'
import { TmError } from '../../core/errors.ts'
import type { Settings } from '../../core/settings.ts'
import { lastWords } from '../../provider/last-words.ts'
import type { Machine, Provider } from '../../provider/provider.ts'
import { type BackupFile, placeBackups, restoreNodes } from '../backup/restore.ts'
import { describeChange, introduce } from '../introduce.ts'
import { afterReplacing, beforeReplacing, type LostNode } from '../lost-nodes.ts'
import { nodeIds } from '../node-ids.ts'
import { adminToken, type NodeLink } from '../nodes.ts'
import type { Reporter } from '../progress.ts'
import { type Saved, tm } from '../saved.ts'
import { type Launcher, launchNode, providerOf, readAddress } from './machines.ts'

export interface UpOptions {
  saved: Saved
  launcher: Launcher
  /** How many nodes to have; what there is already, if undefined. */
  nodes: number | undefined
  settings: Partial<Settings>
  /** For nodes that have nothing yet. */
  restore: BackupFile[]
  reporter: Reporter
}

export interface UpResult {
  cluster: string
  provider: 'local'
  nodes: { id: string; url: string; pid: number }[]
  maxWorkers: number
  /** Nodes whose folders were gone: what was only there is lost. */
  lost?: LostNode[]
}

/** A node that is not there after this long will not come. Milliseconds. */
const startTimeout = 20_000
/** A node closes its database in less. Milliseconds. */
const stopGrace = 10_000

export async function upLocal(options: UpOptions): Promise<UpResult> {
  const { saved, launcher, reporter } = options
  refuseEc2(saved)
  const ids = await reporter.step('cluster folder', async (note) => {
    saved.create()
    const known = saved.read()?.nodes.map(({ id }) => id) ?? []
    const wanted = nodeIds(known, options.nodes)
    placeBackups(options.restore, wanted)
    record(saved, wanted)
    note(saved.folder)
    return wanted
  })
  const fresh = ids.filter((id) => !existsSync(saved.nodeFolder(id)))
  const lost = lostOf(saved, fresh)
  for (const node of lost) reporter.say(`Warning: ${beforeReplacing(node)}.`)
  const provider = providerOf(saved, launcher)
  const nodes: (NodeLink & { pid: number })[] = []
  for (const id of ids) {
    nodes.push(
      await reporter.step(id, async (note) => {
        const node = await ensureNode(saved, provider, id)
        note(`${node.url}, process ${node.pid}`)
        return node
      }),
    )
  }
  record(saved, ids, nodes)
  await restoreNodes(nodes, options.restore, reporter)
  const maxWorkers = await reporter.step('limits and siblings', async (note) => {
    const inForce = await introduce(nodes, options.settings, fresh)
    note(describeChange(options.settings, inForce.maxWorkers))
    return inForce.maxWorkers
  })
  const restored = [...placeBackups(options.restore, ids).keys()]
  for (const text of afterReplacing(saved, lost, restored)) reporter.say(text)
  const shown = nodes.map(({ id, url, pid }) => ({ id, url, pid }))
  const gone = lost.length > 0 ? { lost } : {}
  return { cluster: saved.name, provider: 'local', nodes: shown, maxWorkers, ...gone }
}

/** Nodes that have served once, and whose databases are gone with their folders. */
function lostOf(saved: Saved, fresh: string[]): LostNode[] {
  const served = saved.read()?.nodes.filter(({ url }) => url !== '') ?? []
  return served
    .filter(({ id }) => fresh.includes(id))
    .map(({ id }) => ({ id, place: saved.nodeFolder(id) }))
}

/** Two clusters of one name would share a secret and a record. */
function refuseEc2(saved: Saved): void {
  const record = saved.read()
  if (record?.provider !== 'ec2') return
  throw new TmError('conflict', `Cluster ${saved.name} is on EC2, in ${record.region}`, {
    suggestions: [
      `Complete or change it: ${tm('up', saved.name)}`,
      `Or another name for one on this machine: tm up --local --cluster NAME`,
    ],
  })
}

/** Written before a node is started, so that every command knows of it. */
function record(saved: Saved, ids: string[], nodes: { id: string; url: string }[] = []): void {
  const before = saved.read()
  const url = (id: string) =>
    nodes.find((node) => node.id === id)?.url ??
    before?.nodes.find((node) => node.id === id)?.url ??
    ''
  saved.write({
    cluster: saved.name,
    provider: 'local',
    nodes: ids.map((id) => ({ id, url: url(id) })),
    createdAt: before?.createdAt ?? Date.now(),
  })
}

/** A node that was found stopping, or draining, is started again. */
async function ensureNode(
  saved: Saved,
  provider: Provider,
  id: string,
): Promise<NodeLink & { pid: number }> {
  const found = (await provider.list()).find((machine) => machine.id === id)
  let machine = await launchNode(saved, provider, id)
  const end = performance.now() + startTimeout
  for (;;) {
    const pid = machine.pid as number
    const address = readAddress(saved, id)
    if (address?.pid === pid) {
      const client = connect({ url: address.url, token: adminToken(saved) })
      const state = await stateOf(client)
      if (state && !state.paused) return { id, url: address.url, client, pid }
      // It takes no tasks until it is started again: it stops, or a `tm down` was broken off.
      if (state) {
        await provider.terminate(id, { grace: stopGrace })
        machine = await launchNode(saved, provider, id)
        continue
      }
    }
    if (!(await exists(provider, machine))) {
      if (found?.pid !== pid) throw ended(saved, id)
      machine = await launchNode(saved, provider, id)
    }
    if (performance.now() > end) throw notReady(saved, id)
    await sleep(25)
  }
}

/** Not yet is no answer; one that says no will say it again. */
async function stateOf(client: Client): Promise<NodeState | undefined> {
  try {
    return await client.state({ timeout: 5000 })
  } catch (error) {
    if (error instanceof TmError && error.code === 'incompatible') throw error
    return undefined
  }
}

async function exists(provider: Provider, { pid }: Machine): Promise<boolean> {
  return (await provider.list()).some((machine) => machine.pid === pid)
}

function ended(saved: Saved, id: string): TmError {
  const folder = saved.nodeFolder(id)
  return new TmError('failed', `${id} ended at its start: ${lastWords(folder)}`, {
    suggestions: [`Its log: ${folder}/log`, 'When that is mended, run the same command again.'],
  })
}

function notReady(saved: Saved, id: string): TmError {
  return new TmError('failed', `${id} runs, but has not answered for ${startTimeout / 1000} s`, {
    suggestions: [`Its log: ${saved.nodeFolder(id)}/log`, 'Run the same command again.'],
  })
}
