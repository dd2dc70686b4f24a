/**
 * The thread of one slot: runs tasks one after the other and posts what became of them, grouped, so
 * that thousands of tiny tasks do not cost a message each.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { messageOf } from '../core/errors.ts'
import { concat } from '../core/frames.ts'
import { workOf } from '../core/task.ts'
import type { Work } from './execute/kind.ts'
import { kinds } from './execute/kinds.ts'
import { type Batch, type Ending, type Progress, signals } from './slot-messages.ts'

/** Outcomes are posted at least this often while a batch runs. Milliseconds. */
const postEvery = 5
/** Blocks: what takes longer than that, on a fast machine. */
const longWork = 20_000

function serve(port: MessagePort, flags: Int32Array): void {
  const kind = kinds.sha512()
  kind.warmUp()
  const report = reporter(port)

  port.on('message', ({ first, iterations, sizes, bodies }: Batch) => {
    report.start()
    let at = 0
    for (const [index, size] of sizes.entries()) {
      const body = bodies.subarray(at, at + size)
      const task = { iterations: iterations[index] as number, body }
      const work = workOf({ ...task, size })
      // Those before a long one must not wait for it to be known.
      if (work >= longWork) report.post()
      report.add(first + index, run(first + index, task), work)
      at += size
    }
    report.post()
  })

  function run(serial: number, task: Work): Ending {
    const isSet = (cell: number) => Atomics.load(flags, cell) === 1
    const isCancelled = () => Atomics.load(flags, signals.cancelled) === serial
    if (isSet(signals.draining) || isCancelled()) return { kind: 'stopped' }
    try {
      const result = kind.run(task, () => isCancelled() || isSet(signals.aborting))
      return result ? { kind: 'succeeded', result } : { kind: 'stopped' }
    } catch (error) {
      return { kind: 'failed', error: messageOf(error) }
    }
  }
}

/** Gathers endings until it is time to post them. */
function reporter(port: MessagePort) {
  let started = performance.now()
  let succeeded: number[] = []
  let results: Uint8Array[] = []
  let others: Progress['others'] = []
  let work = 0

  function post(): void {
    if (succeeded.length + others.length === 0) return
    const now = performance.now()
    const progress = { succeeded, results: concat(results), others, work, ms: now - started }
    port.postMessage(progress satisfies Progress, [progress.results.buffer])
    started = now
    succeeded = []
    results = []
    others = []
    work = 0
  }

  return {
    post,
    start(): void {
      started = performance.now()
    },
    add(serial: number, ending: Ending, done: number): void {
      if (ending.kind === 'succeeded') {
        succeeded.push(serial)
        results.push(ending.result)
      } else others.push({ serial, ending })
      work += done
      if (performance.now() - started >= postEvery) post()
    },
  }
}

serve(parentPort as MessagePort, new Int32Array(workerData as SharedArrayBuffer))
