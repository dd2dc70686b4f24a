/** The part of `tm up --local` that is local: which nodes are missing, and starting them. */

import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, connect, type NodeState } from '../../../api/client.ts'
import { TmError } from '../../../core/errors.ts'
import {
  type Computer,
  describeOverload,
  localDefaults,
  refuseOverload,
} from '../../../core/one-computer.ts'
import type { Reporter } from '../../../core/progress.ts'
import { type Settings, withDefaults } from '../../../core/settings.ts'
import { again, suggest, tm } from '../../../core/suggestions.ts'
import { thisHost } from '../../../runtime/this-host.ts'
import { adminToken } from '../../../state/cluster-nodes.ts'
import type { ClusterState } from '../../../state/cluster-state.ts'
import type { CreatedCluster, LostNode, ReadyNode, UpPlan, Wanted } from '../../cluster.ts'
import { nodeIds } from '../../node-ids.ts'
import type { Machine, Provider } from '../../provider.ts'
import { logTail } from '../log-tail.ts'
import { readAddress } from './machines.ts'

export interface LocalContext {
  state: ClusterState
  provider: Provider
  reporter: Reporter
}

/** A node that does not answer after this long has failed to start. */
const startTimeoutMs = 20_000
/** Longer than a node takes to close its database. */
const stopGraceMs = 10_000

export function planLocal(state: ClusterState, { nodes, choices }: Wanted): UpPlan {
  refuseEc2(state)
  const ids = nodeIds(state.read()?.nodes.map(({ id }) => id) ?? [], nodes)
  const fresh = ids.filter((id) => !existsSync(state.nodeFolder(id)))
  const { settings = {} } = choices
  refuseOverload(loadOf(settings, ids), computerOf(ids))
  return { place: { provider: 'local' }, ids, fresh, lost: lostOf(state, fresh), settings }
}

export async function createLocal(
  { state, provider, reporter }: LocalContext,
  { ids, settings }: UpPlan,
): Promise<CreatedCluster> {
  const overload = describeOverload(loadOf(settings, ids), computerOf(ids))
  if (overload) reporter.say(overload)
  await reporter.step('cluster folder', async (note) => {
    state.create()
    record(state, ids)
    note(state.folder)
  })
  const nodes: ReadyNode[] = []
  for (const id of ids) {
    nodes.push(
      await reporter.step(id, async (note) => {
        const node = await ensureNode(state, provider, id)
        note(`${node.url}, process ${node.pid}`)
        return node
      }),
    )
  }
  record(state, ids, nodes)
  return { nodes }
}

function computerOf(ids: string[]): Computer {
  return { cores: availableParallelism(), nodes: ids.length }
}

/** As far as it is known here: a node that exists may have other values, and then decides itself. */
function loadOf(settings: Partial<Settings>, ids: string[]): Settings {
  return withDefaults({ ...localDefaults(computerOf(ids)), ...settings })
}

/** Nodes that served before and whose folder, with the database, is gone. */
function lostOf(state: ClusterState, fresh: string[]): LostNode[] {
  const served = state.read()?.nodes.filter(({ url }) => url !== '') ?? []
  return served
    .filter(({ id }) => fresh.includes(id))
    .map(({ id }) => ({ id, place: state.nodeFolder(id) }))
}

/** Two clusters with the same name would share a secret and a record. */
function refuseEc2(state: ClusterState): void {
  const record = state.read()
  if (record?.provider !== 'ec2') return
  throw new TmError('conflict', `Cluster ${state.name} is on EC2, in ${record.region}`, {
    suggestions: [
      suggest`Complete or change it: ${tm('up')}`,
      suggest`Or use another name for a cluster on this machine: ${tm('up', { local: true, cluster: 'NAME' })}`,
    ],
  })
}

/** Written before a node starts, so that every command knows about it. */
function record(
  state: ClusterState,
  ids: string[],
  nodes: { id: string; url: string }[] = [],
): void {
  const before = state.read()
  const url = (id: string) =>
    nodes.find((node) => node.id === id)?.url ??
    before?.nodes.find((node) => node.id === id)?.url ??
    ''
  state.write({
    cluster: state.name,
    provider: 'local',
    host: thisHost(),
    nodes: ids.map((id) => ({ id, url: url(id) })),
    createdAt: before?.createdAt ?? Date.now(),
  })
}

/** Restarts a node that is stopping or draining. */
async function ensureNode(
  state: ClusterState,
  provider: Provider,
  id: string,
): Promise<ReadyNode & { pid: number }> {
  const found = (await provider.list()).find((machine) => machine.id === id)
  let machine = await provider.launch({ kind: 'node', id })
  const end = performance.now() + startTimeoutMs
  for (;;) {
    const pid = machine.pid as number
    const address = readAddress(state, id)
    if (address?.pid === pid) {
      const client = connect({ url: address.url, token: adminToken(state) })
      const answer = await stateOf(client)
      if (answer && !answer.paused) return { id, url: address.url, client, pid }
      // It is stopping, or a `tm down` was interrupted: it accepts tasks only after a restart.
      if (answer) {
        await provider.terminate(id, { graceMs: stopGraceMs })
        machine = await provider.launch({ kind: 'node', id })
        continue
      }
    }
    if (!(await exists(provider, machine))) {
      if (found?.pid !== pid) throw ended(state, id)
      machine = await provider.launch({ kind: 'node', id })
    }
    if (performance.now() > end) throw notReady(state, id)
    await sleep(25)
  }
}

/** Undefined while it does not answer. Throws for an incompatible node: waiting would not help. */
async function stateOf(client: Client): Promise<NodeState | undefined> {
  try {
    return await client.getState({ timeoutMs: 5000 })
  } catch (error) {
    if (error instanceof TmError && error.code === 'incompatible') throw error
    return undefined
  }
}

async function exists(provider: Provider, { pid }: Machine): Promise<boolean> {
  return (await provider.list()).some((machine) => machine.pid === pid)
}

function ended(state: ClusterState, id: string): TmError {
  const folder = state.nodeFolder(id)
  return new TmError('failed', `${id} exited while it was starting: ${logTail(folder)}`, {
    suggestions: [`Its log: ${folder}/log`, suggest`When that is fixed: ${again}`],
  })
}

function notReady(state: ClusterState, id: string): TmError {
  return new TmError('failed', `${id} runs, but has not answered for ${startTimeoutMs / 1000} s`, {
    suggestions: [`Its log: ${state.nodeFolder(id)}/log`, suggest`Run it again: ${again}`],
  })
}
