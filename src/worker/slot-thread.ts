/**
 * The thread of one slot: runs tasks one after the other and posts what became of them, grouped, so
 * that thousands of tiny tasks do not cost a message each.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { messageOf } from '../core/errors.ts'
import { workOf } from '../core/task.ts'
import { kinds } from './execute/kinds.ts'
import { type Job, type Outcome, type Progress, signals, together } from './slot-messages.ts'

/** Outcomes are posted at least this often while a batch runs. Milliseconds. */
const postEvery = 5

function serve(port: MessagePort, flags: Int32Array): void {
  const kind = kinds.sha512()
  kind.warmUp()
  port.postMessage({ outcomes: [], work: 0, ms: 0 } satisfies Progress)

  port.on('message', (jobs: Job[]) => {
    let started = performance.now()
    let progress: Progress = { outcomes: [], work: 0, ms: 0 }
    for (const job of jobs) {
      progress.outcomes.push(run(job))
      progress.work += workOf({ iterations: job.iterations, size: job.body.length })
      const now = performance.now()
      if (now - started >= postEvery) {
        post({ ...progress, ms: now - started })
        progress = { outcomes: [], work: 0, ms: 0 }
        started = now
      }
    }
    if (progress.outcomes.length > 0) {
      post({ ...progress, ms: performance.now() - started })
    }
  })

  function post(progress: Progress): void {
    const succeeded = progress.outcomes.filter((outcome) => outcome.kind === 'succeeded')
    const { memory, views } = together(succeeded.map(({ result }) => result))
    for (const [index, outcome] of succeeded.entries()) outcome.result = views[index] as Uint8Array
    port.postMessage(progress, [memory.buffer])
  }

  function run({ serial, ...work }: Job): Outcome {
    const isSet = (cell: number) => Atomics.load(flags, cell) === 1
    const isCancelled = () => Atomics.load(flags, signals.cancelled) === serial
    if (isSet(signals.draining) || isCancelled()) return { serial, kind: 'stopped' }
    try {
      const result = kind.run(work, () => isCancelled() || isSet(signals.aborting))
      return result ? { serial, kind: 'succeeded', result } : { serial, kind: 'stopped' }
    } catch (error) {
      return { serial, kind: 'failed', error: messageOf(error) }
    }
  }
}

serve(parentPort as MessagePort, new Int32Array(workerData as SharedArrayBuffer))
