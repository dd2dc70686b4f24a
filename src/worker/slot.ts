/** One slot as the worker sees it: a thread that runs tasks, how much is in it, and how fast it is. */
import { Worker as Thread } from 'node:worker_threads'
import { messageOf } from '../core/errors.ts'
import type { Lease } from '../core/task.ts'
import { threadFile } from '../core/thread-file.ts'
import type { Link } from './link.ts'
import { type Ending, type Job, type Progress, signals, together } from './slot-messages.ts'

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

export type Slot = ReturnType<typeof createSlot>

export function createSlot({ onEnd }: SlotOptions) {
  const flags = new Int32Array(new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT))
  const jobs = new Map<number, Held>()
  let rate = firstRate
  let waiting = 0
  let serial = 0
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

  function onProgress({ outcomes, work, ms }: Progress): void {
    if (ms >= 1) rate += (work / ms - rate) / 4
    for (const { serial: done, ...ending } of outcomes) end(done, ending)
  }

  function end(done: number, ending: Ending): void {
    const held = jobs.get(done)
    if (!held) return
    jobs.delete(done)
    waiting -= held.work
    onEnd(held, ending)
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
      const bodies = together(batch.map(({ lease }) => lease.body))
      const posted = batch.map(({ held, lease: { iterations } }, index): Job => {
        serial = (serial % 0x7fffffff) + 1
        jobs.set(serial, held)
        waiting += held.work
        return { serial, iterations, body: bodies.views[index] as Job['body'] }
      })
      thread.postMessage(posted, [bodies.memory.buffer])
    },

    /** This lease is lost: stops it if it is running, forgets it in any case. */
    cancel(held: Held): void {
      const found = [...jobs].find(([, one]) => one === held)
      if (found) Atomics.store(flags, signals.cancelled, found[0])
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
