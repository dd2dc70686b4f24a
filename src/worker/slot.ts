/** One slot as the worker sees it: a thread that runs tasks, how much is in it, and how fast it is. */
import { Worker as Thread } from 'node:worker_threads'
import { messageOf } from '../core/errors.ts'
import { concat } from '../core/frames.ts'
import { type Lease, resultBytes } from '../core/task.ts'
import { threadFile } from '../core/thread-file.ts'
import type { Link } from './link.ts'
import { type Batch, type Ending, type Progress, signals } from './slot-messages.ts'

/** A lease in hand: which attempt, how much work it is, and which node it came from. */
export interface Held {
  id: string
  attempt: number
  /** In blocks. */
  work: number
  from: Link
}

export interface SlotOptions {
  onEnd: (held: Held, ending: Ending) => void
}

/** Until it has measured its own: blocks in a millisecond. */
const firstRate = 1000
/** Numbers of jobs have to fit a cell of the shared memory. */
const lastSerial = 0x7fffffff

export type Slot = ReturnType<typeof createSlot>

export function createSlot({ onEnd }: SlotOptions) {
  const flags = new Int32Array(new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT))
  const jobs = new Map<number, Held>()
  const unwanted = new Set<number>()
  let rate = firstRate
  let waiting = 0
  let next = 1
  let closed = false
  let thread = start()

  function start(): Thread {
    const file = threadFile('./slot-thread', import.meta.url)
    const started = new Thread(file, { argv: ['slot-thread'], workerData: flags.buffer })
    started.on('message', onProgress)
    started.once('error', (error) => crashed(messageOf(error)))
    started.once('exit', () => {
      if (!closed && thread === started) crashed('its thread ended')
    })
    return started
  }

  function onProgress({ succeeded, results, others, work, ms }: Progress): void {
    if (ms >= 1) rate += (work / ms - rate) / 4
    for (const [index, serial] of succeeded.entries()) {
      const at = index * resultBytes
      end(serial, { kind: 'succeeded', result: results.subarray(at, at + resultBytes) })
    }
    for (const { serial, ending } of others) end(serial, ending)
    signalUnwanted()
  }

  function end(serial: number, ending: Ending): void {
    const held = jobs.get(serial)
    if (!held) return
    jobs.delete(serial)
    unwanted.delete(serial)
    waiting -= held.work
    onEnd(held, ending)
  }

  /** There is one cell: it is for the one that runs; the others have their turn when they do. */
  function signalUnwanted(): void {
    if (unwanted.size === 0) return
    const [running] = jobs.keys()
    if (running !== undefined && unwanted.has(running)) {
      Atomics.store(flags, signals.cancelled, running)
    }
  }

  /** A task took its thread down: it failed; those behind it go back, and a new thread starts. */
  function crashed(error: string): void {
    const [running, ...behind] = jobs.keys()
    if (!closed) thread = start()
    if (running === undefined) return
    end(running, { kind: 'failed', error: `the execution crashed: ${error}` })
    for (const one of behind) end(one, { kind: 'stopped' })
  }

  return {
    /** Milliseconds until what is in it is probably done. */
    load: () => waiting / rate,
    /** Blocks in a millisecond. */
    rate: () => rate,

    run(batch: { held: Held; lease: Lease }[]): void {
      if (next > lastSerial - batch.length) next = 1
      const first = next
      for (const { held } of batch) {
        jobs.set(next, held)
        waiting += held.work
        next += 1
      }
      const bodies = concat(batch.map(({ lease }) => lease.body))
      const iterations = batch.map(({ lease }) => lease.iterations)
      const sizes = batch.map(({ lease }) => lease.body.length)
      thread.postMessage({ first, iterations, sizes, bodies } satisfies Batch, [bodies.buffer])
    },

    /** This lease is lost: stops it if it is running, forgets it in any case. */
    cancel(held: Held): void {
      const found = [...jobs].find(([, one]) => one === held)
      if (found) unwanted.add(found[0])
      signalUnwanted()
    },

    /** Ends what runs, begins nothing more. */
    drain: () => Atomics.store(flags, signals.draining, 1),
    /** Ends now. */
    abort: () => Atomics.store(flags, signals.aborting, 1),

    async close(): Promise<void> {
      closed = true
      await thread.terminate()
    },
  }
}
