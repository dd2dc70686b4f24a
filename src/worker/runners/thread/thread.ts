/**
 * The thread of one slot: runs tasks in sequence and posts outcomes in groups, so that thousands of
 * tiny tasks do not need a message each.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { concat } from '../../../api/frames.ts'
import { messageOf } from '../../../core/errors.ts'
import type { Outcome } from '../../outcome.ts'
import { type Batch, type Progress, signals, type ThreadData } from './messages.ts'
import { threadWork } from './work.ts'

/** Outcomes are posted at least this often while a batch runs. */
const postEveryMs = 5
/** Outcomes are posted before a task whose estimated time is at least this. */
const longMs = 3

function serve(port: MessagePort, { kind, flags: shared }: ThreadData): void {
  const flags = new Int32Array(shared)
  const work = threadWork[kind]()
  work.warmUp()
  const report = reporter(port)

  port.on('message', ({ first, specs, specOf, costs, sizes, bodies }: Batch) => {
    report.start()
    let at = 0
    for (const [index, size] of sizes.entries()) {
      const cost = costs[index] as number
      // Outcomes of earlier tasks must not wait for a long task.
      if (report.estimateMs(cost) >= longMs) report.post()
      const body = bodies.subarray(at, at + size)
      report.add(first + index, run(first + index, specs[specOf[index] as number], body), cost)
      at += size
    }
    report.post()
  })

  function run(serial: number, spec: unknown, body: Uint8Array): Outcome {
    const isSet = (cell: number) => Atomics.load(flags, cell) === 1
    const isCancelled = () => Atomics.load(flags, signals.cancelled) === serial
    if (isSet(signals.draining) || isCancelled()) return { kind: 'stopped' }
    try {
      const result = work.run(spec, body, () => isCancelled() || isSet(signals.aborting))
      return result ? { kind: 'succeeded', result } : { kind: 'stopped' }
    } catch (error) {
      return { kind: 'failed', error: messageOf(error) }
    }
  }
}

/** Collects outcomes and posts them in groups. */
function reporter(port: MessagePort) {
  let started = performance.now()
  let succeeded: number[] = []
  let results: Uint8Array[] = []
  let others: Progress['others'] = []
  let cost = 0
  /** Units of cost per millisecond. Starts with a low guess, so that long tasks are recognised. */
  let rate = 6000

  function post(): void {
    if (succeeded.length + others.length === 0) return
    const now = performance.now()
    const ms = now - started
    if (ms >= 1) rate += (cost / ms - rate) / 4
    const resultSizes = results.map(({ length }) => length)
    const progress = { succeeded, resultSizes, results: concat(results), others, cost, ms }
    port.postMessage(progress satisfies Progress, [progress.results.buffer])
    started = now
    succeeded = []
    results = []
    others = []
    cost = 0
  }

  return {
    post,
    estimateMs: (units: number) => units / rate,
    start(): void {
      started = performance.now()
    },
    add(serial: number, outcome: Outcome, done: number): void {
      if (outcome.kind === 'succeeded') {
        succeeded.push(serial)
        results.push(outcome.result)
      } else others.push({ serial, outcome })
      cost += done
      if (performance.now() - started >= postEveryMs) post()
    },
  }
}

serve(parentPort as MessagePort, workerData as ThreadData)
