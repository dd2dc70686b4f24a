/**
 * Sends files as tasks: in batches, to all nodes at once, with at most a few batches in memory.
 * Each task gets its id here, so that sending a batch again never makes a second task on a node.
 */
import { v7 } from 'uuid'
import { TmError } from '../../core/errors.ts'
import type { NewTask } from '../../core/task.ts'
import type { NodeLink } from '../nodes.ts'
import { deliver, inOrder } from './deliver.ts'
import { keyOf, type Sent } from './file-names.ts'
import { readTaskFile } from './files.ts'
import type { Earlier } from './resume.ts'

export interface EnqueueOptions {
  files: string[]
  iterations: number
  nodes: NodeLink[]
  maxBody: number
  /** What was sent before, not to be sent again. */
  earlier?: Earlier
  /** These are about to be sent to this node, for the first time or after another one. */
  onSending: (tasks: Sent[]) => void
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

  /** Each to the node that may have it from before, else to this one first. */
  async function send(batch: Placed[], home: number): Promise<void> {
    for (const [before, placed] of Map.groupBy(batch, ({ node }) => node)) {
      const known = nodes.findIndex(({ id }) => id === before)
      const order = inOrder(nodes, known === -1 ? home : known, away)
      const tasks = placed.map(({ task }) => task)
      const onSending = (node: NodeLink) => {
        options.onSending(placed.map((one) => sentTo(one, node)))
      }
      await deliver(tasks, order, { away, onSending, onWarning: options.onWarning })
    }
  }

  async function runLane(lane: number): Promise<void> {
    const home = lane % nodes.length
    while (next < files.length && !failure) {
      const indexes = takeIndexes()
      for await (const batch of readBatches(options, indexes, settle)) {
        const known = await options.earlier?.known(batch.map(({ task }) => task.id))
        const open = batch.filter(({ task }) => !known?.has(task.id))
        await send(open, home)
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
  file: string
  key: string
  /** Where it was sent before: there its id is known, if that was the last that was heard of it. */
  node: string | undefined
}

function sentTo({ task, file, key }: Placed, { id: node }: NodeLink): Sent {
  return { id: task.id, file, key, node }
}

async function* readBatches(
  { files, iterations, maxBody, earlier }: EnqueueOptions,
  indexes: number[],
  settle: (index: number, fate: TmError) => void,
): AsyncGenerator<Placed[]> {
  let batch: Placed[] = []
  let bytes = 0
  for (const index of indexes) {
    try {
      const file = files[index] as string
      const body = await readTaskFile(file, maxBody)
      if (batch.length > 0 && bytes + body.length > batchBytes) {
        yield batch
        batch = []
        bytes = 0
      }
      const key = keyOf({ file, iterations, body })
      const { id, node } = earlier?.take(key) ?? { id: v7(), node: undefined }
      batch.push({ index, task: { id, iterations, body }, file, key, node })
      bytes += body.length
    } catch (error) {
      if (!(error instanceof TmError)) throw error
      settle(index, error)
    }
  }
  if (batch.length > 0) yield batch
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
