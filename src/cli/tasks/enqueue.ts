/**
 * Sends files as tasks: in batches, to all nodes at once, with at most a few batches in memory.
 * Each task gets its id here, so that sending a batch again never makes a second task on a node.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { v7 } from 'uuid'
import { wasRefused } from '../../client/transport.ts'
import { messageOf, TmError } from '../../core/errors.ts'
import type { NewTask } from '../../core/task.ts'
import type { NodeLink } from '../nodes.ts'
import { readTaskFile } from './files.ts'

export interface EnqueueOptions {
  files: string[]
  iterations: number
  nodes: NodeLink[]
  maxBody: number
  /** These tasks are on a node's disk. Called in the order of their acceptance. */
  onAccepted: (tasks: { id: string; file: string }[]) => void
  /** An id to show: called in the order of the files, and only at the end past one that failed. */
  onId: (id: string) => void
  onBad: (file: string, error: TmError) => void
  onDone: (files: number) => void
  onWarning: (text: string) => void
}

export interface Enqueued {
  tasks: { id: string; file: string }[]
  errors: { file: string; message: string }[]
}

const batchFiles = 250
const batchBytes = 4 * 1024 ** 2
/** Batches under way at one node. */
const lanesPerNode = 2
/** Pauses between tries of one node, in milliseconds, before its batch goes to another one. */
const pauses = [100, 300, 1000]

export async function enqueueFiles(options: EnqueueOptions): Promise<Enqueued> {
  const { files, nodes, onId, onBad } = options
  const lanes = Array.from({ length: nodes.length * lanesPerNode }, (_, lane) => lane)
  const fates: (string | TmError | undefined)[] = files.map(() => undefined)
  const away = new Set<NodeLink>()
  let next = 0
  let settled = 0
  let shown = 0
  let failure: unknown

  /** Shows every id that all files before have been settled for. */
  function settle(index: number, fate: string | TmError): void {
    fates[index] = fate
    settled += 1
    for (; fates[shown] !== undefined; shown += 1) show(shown)
  }

  function show(index: number): void {
    const fate = fates[index]
    if (typeof fate === 'string') onId(fate)
    else if (fate) onBad(files[index] as string, fate)
  }

  /** Few files are spread over all lanes too. */
  function takeIndexes(): number[] {
    const left = files.length - next
    const count = Math.min(left, batchFiles, Math.ceil(left / lanes.length))
    const indexes = Array.from({ length: count }, (_, offset) => next + offset)
    next += count
    return indexes
  }

  async function runLane(lane: number): Promise<void> {
    const home = lane % nodes.length
    while (next < files.length && !failure) {
      const indexes = takeIndexes()
      for await (const batch of readBatches(options, indexes, settle)) {
        const tasks = batch.map(({ task }) => task)
        await deliver(tasks, inOrder(nodes, home, away), options, away)
        options.onAccepted(
          batch.map(({ task, index }) => ({ id: task.id, file: files[index] as string })),
        )
        for (const { task, index } of batch) settle(index, task.id)
        options.onDone(settled)
      }
    }
  }

  await Promise.all(
    lanes.map((lane) =>
      runLane(lane).catch((error) => {
        failure ??= error
      }),
    ),
  )
  // What was accepted behind the first gap is on a disk all the same.
  for (; shown < fates.length; shown += 1) show(shown)
  if (failure) throw interrupted(failure, fates)
  return collect(files, fates)
}

interface Placed {
  index: number
  task: NewTask
}

async function* readBatches(
  { files, iterations, maxBody }: EnqueueOptions,
  indexes: number[],
  settle: (index: number, fate: TmError) => void,
): AsyncGenerator<Placed[]> {
  let batch: Placed[] = []
  let bytes = 0
  for (const index of indexes) {
    try {
      const body = await readTaskFile(files[index] as string, maxBody)
      if (batch.length > 0 && bytes + body.length > batchBytes) {
        yield batch
        batch = []
        bytes = 0
      }
      batch.push({ index, task: { id: v7(), iterations, body } })
      bytes += body.length
    } catch (error) {
      if (!(error instanceof TmError)) throw error
      settle(index, error)
    }
  }
  if (batch.length > 0) yield batch
}

/** The home node first, then the others; those that were away last. */
function inOrder(nodes: NodeLink[], home: number, away: Set<NodeLink>): NodeLink[] {
  const turned = [...nodes.slice(home), ...nodes.slice(0, home)]
  return [...turned.filter((node) => !away.has(node)), ...turned.filter((node) => away.has(node))]
}

/**
 * To the first node that takes it. A node that may have taken it, but whose answer was lost, is
 * asked again a few times before another one is: that is what keeps a task from being done twice.
 */
async function deliver(
  tasks: NewTask[],
  order: NodeLink[],
  { onWarning }: EnqueueOptions,
  away: Set<NodeLink>,
): Promise<void> {
  let last: unknown
  for (const node of order) {
    try {
      const outcomes = await send(tasks, node)
      const clash = outcomes.find(({ outcome }) => outcome === 'conflict')
      if (clash) throw new TmError('conflict', `Another task has the id ${clash.id}`)
      away.delete(node)
      return
    } catch (error) {
      if (!isElsewhere(error)) throw error
      last = error
      if (!away.has(node)) onWarning(`Warning: ${node.id} is left out: ${messageOf(error)}`)
      away.add(node)
    }
  }
  throw last
}

async function send(tasks: NewTask[], node: NodeLink) {
  for (const pause of [...pauses, undefined]) {
    try {
      return await node.client.enqueueMany(tasks)
    } catch (error) {
      const lost = error instanceof TmError && error.code === 'unreachable' && !wasRefused(error)
      if (!lost || pause === undefined) throw error
      await sleep(pause)
    }
  }
  throw new Error('not reached')
}

/** What another node may not have: no answer, draining, a full disk. */
function isElsewhere(error: unknown): boolean {
  const code = error instanceof TmError ? error.code : undefined
  return code !== undefined && ['unreachable', 'unavailable', 'storage_full'].includes(code)
}

function interrupted(failure: unknown, fates: unknown[]): unknown {
  if (!(failure instanceof TmError)) return failure
  const done = fates.filter((fate) => typeof fate === 'string').length
  const message = `${failure.message}. ${done} of ${fates.length} files were enqueued.`
  const { code, suggestions } = failure
  return new TmError(code, message, { cause: failure, suggestions })
}

function collect(files: string[], fates: (string | TmError | undefined)[]): Enqueued {
  const result: Enqueued = { tasks: [], errors: [] }
  for (const [index, fate] of fates.entries()) {
    const file = files[index] as string
    if (typeof fate === 'string') result.tasks.push({ id: fate, file })
    else if (fate) result.errors.push({ file, message: fate.message })
  }
  return result
}
