/**
 * Sends files as tasks: in batches, to all nodes at once, with at most a few batches in memory.
 * Each task gets its id here, so that sending a batch again never makes a second task on a node.
 */
import { v7 } from 'uuid'
import { TmError } from '../../core/errors.ts'
import type { NewTask, Work } from '../../core/task.ts'
import { workKey } from '../../kinds/kinds.ts'
import type { NodeLink } from '../../state/cluster-nodes.ts'
import { keyOf, type Sent } from '../../state/file-names.ts'
import { deliver, deliveryOrder } from './deliver.ts'
import { type ReadOptions, readTaskFile } from './files.ts'
import type { Earlier } from './resume.ts'

/** What becomes a task. */
export interface Source {
  /** The file with its bytes; only a name for people if `body` is given, or reads them. */
  file: string
  work: Work
  /** The id of the job that it is part of. */
  job?: string
  /** The key of the task, by its body. */
  keyFor?: (body: Uint8Array) => string
  body?: Body | ((reading: ReadOptions) => Promise<Body>)
}

type Body = Uint8Array<ArrayBuffer>

export interface EnqueueOptions {
  sources: Source[]
  nodes: NodeLink[]
  maxBody: number
  /** The tasks that an earlier command has sent. */
  earlier?: Earlier
  /** Called before tasks are sent to a node, and again when they go to another node. */
  onSending: (tasks: Sent[]) => void
  /** Called in the order of the sources. After a failure the remaining ids come at the end. */
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
/** Batches in flight to one node. */
const lanesPerNode = 2

export async function enqueueFiles(options: EnqueueOptions): Promise<Enqueued> {
  const { sources, nodes, onId, onBad } = options
  const files = sources.map(({ file }) => file)
  const lanes = Array.from({ length: nodes.length * lanesPerNode }, (_, lane) => lane)
  const outcomes: (string | TmError | undefined)[] = files.map(() => undefined)
  const unavailable = new Set<NodeLink>()
  const slow = new Set<NodeLink>()
  let next = 0
  let settled = 0
  let shown = 0
  let failure: unknown

  /** Shows the ids whose predecessors are all settled. */
  function settle(index: number, outcome: string | TmError): void {
    outcomes[index] = outcome
    settled += 1
    for (; outcomes[shown] !== undefined; shown += 1) show(shown)
  }

  function show(index: number): void {
    const outcome = outcomes[index]
    if (typeof outcome === 'string') onId(outcome)
    else if (outcome) onBad(files[index] as string, outcome)
  }

  /** Spreads even a few files over all lanes. */
  function takeIndexes(): number[] {
    const left = files.length - next
    const count = Math.min(left, batchFiles, Math.ceil(left / lanes.length))
    const indexes = Array.from({ length: count }, (_, offset) => next + offset)
    next += count
    return indexes
  }

  /** Each task goes first to the node that may already have it, else to `home`. */
  async function send(batch: Placed[], home: number): Promise<void> {
    for (const [before, placed] of Map.groupBy(batch, ({ node }) => node)) {
      const known = nodes.findIndex(({ id }) => id === before)
      const order = deliveryOrder(nodes, known === -1 ? home : known, unavailable)
      const tasks = placed.map(({ task }) => task)
      const onSending = (node: NodeLink) => {
        options.onSending(placed.map((one) => sentTo(one, node)))
      }
      const { onWarning } = options
      await deliver(tasks, order, { unavailable, slow, onSending, onWarning })
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
  // Tasks behind the first gap have been accepted too.
  for (; shown < outcomes.length; shown += 1) show(shown)
  if (failure) throw interrupted(failure, outcomes)
  return collect(files, outcomes)
}

interface Placed {
  index: number
  task: NewTask
  file: string
  key: string
  /** The node it was sent to before, which may know its id. */
  node: string | undefined
}

function sentTo({ task, file, key }: Placed, { id: node }: NodeLink): Sent {
  return { id: task.id, file, key, node }
}

async function* readBatches(
  { sources, maxBody, earlier, onWarning }: EnqueueOptions,
  indexes: number[],
  settle: (index: number, outcome: TmError) => void,
): AsyncGenerator<Placed[]> {
  const reading = { maxBody, isOnly: sources.length === 1, onWaiting: onWarning }
  let batch: Placed[] = []
  let bytes = 0
  for (const index of indexes) {
    try {
      const { file, work, job, keyFor, body: given } = sources[index] as Source
      const body = await (typeof given === 'function'
        ? given(reading)
        : (given ?? readTaskFile(file, reading)))
      if (batch.length > 0 && bytes + body.length > batchBytes) {
        yield batch
        batch = []
        bytes = 0
      }
      const key = keyOf({ file, work: workKey(work), body })
      const { id, node } = earlier?.take(key) ?? { id: v7(), node: undefined }
      const ofJob = job === undefined ? {} : { job, ...(keyFor ? { key: keyFor(body) } : {}) }
      const task = { id, ...work, ...ofJob, body }
      batch.push({ index, task, file, key, node })
      bytes += body.length
    } catch (error) {
      if (!(error instanceof TmError)) throw error
      settle(index, error)
    }
  }
  if (batch.length > 0) yield batch
}

function interrupted(failure: unknown, outcomes: unknown[]): unknown {
  if (!(failure instanceof TmError)) return failure
  const done = outcomes.filter((outcome) => typeof outcome === 'string').length
  const message = `${failure.message}. ${done} of ${outcomes.length} files were enqueued.`
  const { code, suggestions } = failure
  return new TmError(code, message, { cause: failure, suggestions })
}

function collect(files: string[], outcomes: (string | TmError | undefined)[]): Enqueued {
  const result: Enqueued = { tasks: [], errors: [] }
  for (const [index, outcome] of outcomes.entries()) {
    const file = files[index] as string
    if (typeof outcome === 'string') result.tasks.push({ id: outcome, file })
    else if (outcome) result.errors.push({ file, message: outcome.message })
  }
  return result
}
