/**
 * `tm down` of a local cluster: drains, stops workers and then nodes, proves that nothing is left,
 * removes the folder. What exists is what the process table says.
 */
import { readdirSync } from 'node:fs'
import { messageOf, TmError } from '../../core/errors.ts'
import type { Machine, Provider } from '../../provider/provider.ts'
import { confirmLoss } from '../losses.ts'
import { askAll, type NodeLink, nodesOf } from '../nodes.ts'
import type { Reporter } from '../progress.ts'
import { type Saved, tm } from '../saved.ts'
import { type Launcher, providerOf } from './machines.ts'

export interface DownOptions {
  saved: Saved
  launcher: Launcher
  keepData: boolean
  /** Asks before anything that was not handed back is removed; false stops. */
  confirm: (loss: string) => Promise<boolean>
  reporter: Reporter
}

export interface DownResult {
  cluster: string
  removed: { id: string; kind: string; pid?: number }[]
  remaining: { id: string; kind: string; pid?: number }[]
}

/** A worker ends its tasks or hands them back in less; a node closes its database in less. */
const grace = 10_000

export async function downLocal(options: DownOptions): Promise<DownResult> {
  const { saved, launcher, reporter, keepData } = options
  const provider = providerOf(saved, launcher)
  const machines = await provider.list()
  if (!saved.exists() && machines.length === 0) {
    reporter.say(`Nothing is left of cluster ${saved.name}.`)
    return { cluster: saved.name, removed: [], remaining: [] }
  }
  const { nodes, unknown } = reachable(saved)
  if (!keepData) {
    const suggestions = ['pull --top 1000', 'down --keep-data', 'down --yes'].map((command) =>
      tm(command, saved.name),
    )
    await confirmLoss({ nodes, unknown, confirm: options.confirm, suggestions })
  }
  if (machines.length > 0) {
    await reporter.step('drain', () =>
      askAll(nodes, (node) => node.client.drain({ timeout: 3000 })),
    )
  }
  const removed = [
    ...(await stopAll(provider, 'worker', reporter)),
    ...(await stopAll(provider, 'node', reporter)),
  ]
  const remaining = (await provider.list()).map(show)
  if (remaining.length > 0) throw stillThere(saved.name, remaining)
  await reporter.step(keepData ? 'data kept' : 'data removed', async (note) => {
    if (!keepData) saved.remove()
    note(saved.folder)
  })
  reporter.say(`No process of cluster ${saved.name} is left.`)
  return { cluster: saved.name, removed, remaining }
}

/** The nodes to talk to, and those that only their folders tell of: they can't be asked. */
function reachable(saved: Saved): { nodes: NodeLink[]; unknown: string[] } {
  try {
    return { nodes: nodesOf(saved).filter(({ url }) => url !== ''), unknown: [] }
  } catch (error) {
    if (error instanceof TmError && error.code !== 'forbidden') {
      return { nodes: [], unknown: foldersIn(saved.path('nodes')) }
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

/** Until none is left: a worker that was being launched may turn up after the first look. */
async function stopAll(provider: Provider, kind: Machine['kind'], reporter: Reporter) {
  const removed = new Map<string, Machine>()
  const find = async () => (await provider.list()).filter((machine) => machine.kind === kind)
  let found = await find()
  if (found.length === 0) return []
  await reporter.step(`${kind}s stopped`, async (note) => {
    for (let round = 0; found.length > 0 && round < 10; round += 1) {
      const outcomes = await Promise.allSettled(
        found.map(({ id }) => provider.terminate(id, { grace })),
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

/** Names as long as they fit in a line. */
function namesOf(ids: string[]): string {
  return ids.length <= 4 ? ids.join(', ') : String(ids.length)
}

function show({ id, kind, pid }: Machine) {
  return { id, kind, ...(pid ? { pid } : {}) }
}

function stillThere(cluster: string, remaining: { id: string; pid?: number }[]): TmError {
  const list = remaining.map(({ id, pid }) => `${id} (process ${pid})`).join(', ')
  return new TmError('failed', `These are still there: ${list}`, {
    suggestions: [`Run it again: ${tm('down --yes', cluster)}`, 'Look at them: ps -fp PID'],
  })
}
