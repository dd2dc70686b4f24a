/** A slot that runs tasks of one kind in a thread, and tracks its load and rate. */
import { Worker as Thread } from 'node:worker_threads'
import { concat } from '../../../api/frames.ts'
import { messageOf } from '../../../core/errors.ts'
import type { Lease } from '../../../core/task.ts'
import { threadFile } from '../../../runtime/thread-file.ts'
import type { Outcome } from '../../outcome.ts'
import type { Assignment, Runner, RunningTask, Slot, SlotOptions } from '../../slot/slot.ts'
import { type Batch, type Progress, signals, type ThreadData } from './messages.ts'
import type { ThreadKind } from './work.ts'

/** Units of cost per millisecond, until the slot has measured its rate. */
const firstRate = 1000
/** After so many milliseconds of work the rate is known. */
const enoughMs = 100
/** Older work counts less and less. */
const mostMs = 10_000
/** Task numbers must fit into a cell of the shared memory. */
const lastSerial = 0x7fffffff

export function threadRunner(kind: ThreadKind): Runner {
  return { createSlot: (options) => createThreadSlot(kind, options) }
}

function createThreadSlot(kind: ThreadKind, { onEnd }: SlotOptions): Slot {
  const shared = new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT)
  const flags = new Int32Array(shared)
  const tasks = new Map<number, RunningTask>()
  const unwanted = new Set<number>()
  let rate = firstRate
  /** Of tasks that have succeeded: one that was cancelled did not do what it costs. */
  const measured = { cost: 0, ms: 0 }
  let waiting = 0
  let next = 1
  let closed = false
  let thread = start()

  function start(): Thread {
    const file = threadFile('./thread', import.meta.url)
    const data: ThreadData = { kind, flags: shared }
    const started = new Thread(file, { argv: ['slot-thread'], workerData: data })
    started.on('message', onProgress)
    started.once('error', (error) => crashed(messageOf(error)))
    started.once('exit', () => {
      if (!closed && thread === started) crashed('its thread ended')
    })
    return started
  }

  function onProgress({ succeeded, resultSizes, results, others, cost, ms }: Progress): void {
    if (ms >= 1) rate += (cost / ms - rate) / 4
    if (others.length === 0) measure(cost, ms)
    let at = 0
    for (const [index, serial] of succeeded.entries()) {
      const size = resultSizes[index] as number
      end(serial, { kind: 'succeeded', result: results.subarray(at, at + size) })
      at += size
    }
    for (const { serial, outcome } of others) end(serial, outcome)
    signalUnwanted()
  }

  function measure(cost: number, ms: number): void {
    const kept = measured.ms > mostMs ? 1 / 2 : 1
    measured.cost = kept * measured.cost + cost
    measured.ms = kept * measured.ms + ms
  }

  function end(serial: number, outcome: Outcome): void {
    const task = tasks.get(serial)
    if (!task) return
    tasks.delete(serial)
    unwanted.delete(serial)
    waiting -= task.cost
    onEnd(task, outcome)
  }

  /** Cancels the running task if it is unwanted. Other unwanted tasks are cancelled when they run. */
  function signalUnwanted(): void {
    if (unwanted.size === 0) return
    const [running] = tasks.keys()
    if (running !== undefined && unwanted.has(running)) {
      Atomics.store(flags, signals.cancelled, running)
    }
  }

  /** The running task crashed the thread and fails. The others are released; a new thread starts. */
  function crashed(error: string): void {
    const [running, ...behind] = tasks.keys()
    if (!closed) thread = start()
    if (running === undefined) return
    end(running, { kind: 'failed', error: `the execution crashed: ${error}` })
    for (const serial of behind) end(serial, { kind: 'stopped' })
  }

  return {
    load: () => waiting / rate,
    rate: () => rate,
    measuredRate: () => (measured.ms >= enoughMs ? measured.cost / measured.ms : undefined),

    run(assignments: Assignment[]): void {
      if (next > lastSerial - assignments.length) next = 1
      const first = next
      for (const { task } of assignments) {
        tasks.set(next, task)
        waiting += task.cost
        next += 1
      }
      const leases = assignments.map(({ lease }) => lease)
      const batch: Batch = {
        first,
        ...specsOf(leases),
        costs: leases.map(({ cost }) => cost),
        sizes: leases.map(({ body }) => body.length),
        bodies: concat(leases.map(({ body }) => body)),
      }
      thread.postMessage(batch, [batch.bodies.buffer])
    },

    cancel(task: RunningTask): void {
      const found = [...tasks].find(([, one]) => one === task)
      if (found) unwanted.add(found[0])
      signalUnwanted()
    },

    drain: () => void Atomics.store(flags, signals.draining, 1),
    abort: () => void Atomics.store(flags, signals.aborting, 1),

    async close(): Promise<void> {
      closed = true
      await thread.terminate()
    },
  }
}

/** Equal specs of one claim are the same object. */
function specsOf(leases: Lease[]): Pick<Batch, 'specs' | 'specOf'> {
  const specs: unknown[] = []
  const specOf = leases.map(({ spec }) => {
    if (specs.length === 0 || specs.at(-1) !== spec) specs.push(spec)
    return specs.length - 1
  })
  return { specs, specOf }
}
