/**
 * The part of `tm down` that is local: stops workers, then nodes, proves that no process is left and
 * removes the folder. The process table decides what exists, also of commands that
 * outlived their worker.
 */

import { readdirSync } from 'node:fs'
import { connect } from '../../../api/client.ts'
import { messageOf, TmError } from '../../../core/errors.ts'
import { suggest, tm } from '../../../core/suggestions.ts'
import { adminToken, type NodeLink, nodesOf } from '../../../state/cluster-nodes.ts'
import type { ClusterState } from '../../../state/cluster-state.ts'
import type { FoundCluster, Part, RemovalResult } from '../../cluster.ts'
import type { Machine, Provider } from '../../provider.ts'
import { endLeftCommands, leftCommands, showCommand } from '../left-commands.ts'
import { readAddress } from './machines.ts'
import type { LocalContext } from './up.ts'

/** Longer than a worker takes to end or return its tasks, and a node to close its database. */
const graceMs = 10_000

export async function findLocal(context: LocalContext): Promise<FoundCluster | undefined> {
  const { state, provider } = context
  const machines = await provider.list()
  const isThere = state.exists() || machines.length > 0 || leftCommands(state.folder).length > 0
  if (!isThere) return undefined
  await refuseHidden(state, machines)
  return {
    ...reachable(state),
    running: machines.length > 0,
    keepsData: true,
    suggestions: [
      suggest`Keep queue and results on disk: ${tm('down', { 'keep-data': true })}`,
      suggest`Remove it anyway: ${tm('down', { yes: true })}`,
    ],
  }
}

export async function removeLocal(
  { state, provider, reporter }: LocalContext,
  keepData: boolean,
): Promise<RemovalResult> {
  const removed = [
    ...(await stopAll(provider, 'worker', reporter)),
    ...(await stopAll(provider, 'node', reporter)),
    ...(await endLeftCommands(state.folder, reporter)),
  ]
  const remaining = [
    ...(await provider.list()).map(show),
    ...leftCommands(state.folder).map(showCommand),
  ]
  if (remaining.length > 0) throw stillThere(remaining)
  let kept: string[] = []
  await reporter.step(keepData ? 'data kept' : 'data removed', async (note) => {
    if (!keepData) kept = state.remove()
    note(state.folder)
  })
  if (kept.length > 0) {
    reporter.say(`Left in ${state.folder}, because tm did not make it: ${namesOf(kept)}`)
  }
  reporter.say(`No process of cluster ${state.name} is left.`)
  return { cluster: state.name, removed, remaining }
}

/**
 * A node that answers, but is not in our process table, would lose its data while it runs: somebody
 * started it from a container, or the folder has been moved since.
 */
async function refuseHidden(state: ClusterState, machines: Machine[]): Promise<void> {
  const seen = new Set(machines.map(({ id }) => id))
  const unseen = foldersIn(state.path('nodes')).filter((id) => !seen.has(id))
  const answers = await Promise.all(unseen.map(async (id) => await hiddenAt(state, id)))
  const hidden = answers.find((one) => one !== undefined)
  if (hidden === undefined) return
  throw new TmError('conflict', `${hidden}, but not as a process that this command can see`, {
    suggestions: ['Stop it where it was started, then run this command again'],
  })
}

async function hiddenAt(state: ClusterState, id: string): Promise<string | undefined> {
  const address = readAddress(state, id)
  if (!address) return undefined
  try {
    const client = connect({ url: address.url, token: adminToken(state) })
    const answer = await client.getState({ timeoutMs: 3000 })
    return answer.id === id && answer.cluster === state.name
      ? `${id} still runs, at ${address.url}`
      : undefined
  } catch {
    return undefined
  }
}

/** The nodes that can be asked, and the ids of nodes of which only a folder is left. */
function reachable(state: ClusterState): { nodes: NodeLink[]; unknown: string[] } {
  try {
    return { nodes: nodesOf(state).filter(({ url }) => url !== ''), unknown: [] }
  } catch (error) {
    if (error instanceof TmError && error.code !== 'forbidden') {
      return { nodes: [], unknown: foldersIn(state.path('nodes')) }
    }
    throw error
  }
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort()
  } catch {
    return []
  }
}

/** Repeats until none is left: a worker that is being launched may show up late. */
async function stopAll(
  provider: Provider,
  kind: Machine['kind'],
  reporter: LocalContext['reporter'],
): Promise<Part[]> {
  const removed = new Map<string, Machine>()
  const find = async () => (await provider.list()).filter((machine) => machine.kind === kind)
  let found = await find()
  if (found.length === 0) return []
  await reporter.step(`${kind}s stopped`, async (note) => {
    for (let round = 0; found.length > 0 && round < 10; round += 1) {
      const outcomes = await Promise.allSettled(
        found.map(({ id }) => provider.terminate(id, { graceMs })),
      )
      for (const [index, outcome] of outcomes.entries()) {
        const machine = found[index] as Machine
        if (outcome.status === 'fulfilled') removed.set(machine.id, machine)
        else reporter.say(`Warning: ${machine.id}: ${messageOf(outcome.reason)}`)
      }
      note(namesOf([...removed.keys()]))
      found = await find()
    }
  })
  return [...removed.values()].map(show)
}

/** The names, or their number if they would not fit on a line. */
function namesOf(ids: string[]): string {
  return ids.length <= 4 ? ids.join(', ') : String(ids.length)
}

function show({ id, kind, pid }: Machine): Part {
  return { id, kind, ...(pid ? { pid } : {}) }
}

function stillThere(remaining: Part[]): TmError {
  const list = remaining.map(({ id, pid }) => `${id} (process ${pid})`).join(', ')
  return new TmError('failed', `These are still running: ${list}`, {
    suggestions: [suggest`Run it again: ${tm('down', { yes: true })}`, 'Look at them: ps -fp PID'],
  })
}
