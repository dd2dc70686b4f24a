/** Workers claim, renew and release leases, and report outcomes. */
import type { Context } from 'hono'
import * as contract from '../../../api/contract/leases.ts'
import { framesType } from '../../../api/frames.ts'
import type { PackedLeases } from '../../../api/leases.ts'
import { countResults } from '../../../api/reports.ts'
import { TmError } from '../../../core/errors.ts'
import { outputPartBytes } from '../../store/job-store.ts'
import type { Verdict } from '../../store/task-store.ts'
import { toFailureReport } from '../attempts.ts'
import { readBody } from '../body.ts'
import { type Env, guarded, routeSet } from '../guard.ts'
import type { NodeContext } from '../node-context.ts'

/** A claim returns no further lease once their bodies reach this; it may return one larger body. */
const maxClaimBytes = 16 * 1024 ** 2
/** Limit for one report: about 12,000 results of SHA-512. */
const maxReportBytes = 1024 ** 2

type Unread = NonNullable<PackedLeases['unread']>

export function leaseRoutes({ queue, jobs, workers, settings, lastLines }: NodeContext) {
  const workerOf = (c: Context<Env>) => {
    const { subject } = c.get('principal')
    workers.heard(subject)
    return subject
  }

  /** Answers reports that end leases. */
  const settle = (c: Context<Env>, verdicts: Verdict[]) => {
    workers.heard(c.get('principal').subject, -verdicts.length)
    return answer(c, verdicts)
  }

  /**
   * Streams a frame with a large body, one piece in memory at a time. Renews the lease while
   * sending, and releases it if the connection breaks.
   */
  function withBody(worker: string, frames: Uint8Array<ArrayBuffer>, unread: Unread) {
    const { id, attempt, size } = unread
    let sent = 0
    let renewed = performance.now()
    return new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (stream) => stream.enqueue(frames),
      async pull(stream) {
        if (performance.now() - renewed > settings.get().lease / 3) {
          renewed = performance.now()
          await queue.renew(worker, [{ id, attempt }])
        }
        const piece = await queue.readBody(id, sent)
        if (piece.length === 0) return stream.error(new Error(`the body of task ${id} was deleted`))
        stream.enqueue(piece)
        sent += piece.length
        if (sent === size) stream.close()
      },
      async cancel() {
        await queue.release(worker, [{ id, attempt }])
      },
    })
  }

  return routeSet()
    .openapi(guarded(contract.claimLeases), async (c) => {
      const worker = workerOf(c)
      if (workers.isLeaving(worker))
        throw new TmError('unavailable', 'This worker was told to stop')
      const signal = c.req.raw.signal
      const request = c.req.valid('json')
      const leases = await queue.claim({ ...request, worker, maxBytes: maxClaimBytes, signal })
      workers.heard(worker, leases.count)
      const { frames, unread } = leases
      const body = unread ? withBody(worker, frames, unread) : frames
      return c.body(body, 200, { 'content-type': framesType })
    })
    .openapi(guarded(contract.renewLeases), async (c) => {
      const { leases } = c.req.valid('json')
      const verdicts = await queue.renew(workerOf(c), leases)
      lastLines.note(leases, verdicts)
      return answer(c, verdicts)
    })
    .openapi(guarded(contract.completeLeases), async (c) => {
      const packed = await readBody(c, maxReportBytes)
      if (countResults(packed) === 0) throw new TmError('invalid', 'The body contains no results')
      return settle(c, await queue.complete(workerOf(c), packed))
    })
    .openapi(guarded(contract.failLeases), async (c) =>
      settle(c, await queue.fail(workerOf(c), c.req.valid('json').reports.map(toFailureReport))),
    )
    .openapi(guarded(contract.writeOutput), async (c) => {
      const { part, ...attempt } = c.req.valid('param')
      const bytes = await readBody(c, outputPartBytes)
      return answer(c, [await jobs.writeOutput(workerOf(c), attempt, part, bytes)])
    })
    .openapi(guarded(contract.releaseLeases), async (c) =>
      settle(c, await queue.release(workerOf(c), c.req.valid('json').leases)),
    )
}

/** 200 if any report counts, so that a late report does not hide the others. */
function answer(c: Context<Env>, verdicts: Verdict[]) {
  if (verdicts.includes('done')) return c.json({ verdicts }, 200)
  if (verdicts.includes('lost')) return c.json({ verdicts }, 409)
  return c.json({ verdicts }, 403)
}
