/** What workers do: claim leases, renew them, report what became of them, hand them back. */
import { z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { TmError } from '../../core/errors.ts'
import { framesType } from '../../core/frames.ts'
import type { PackedLeases } from '../../core/leases.ts'
import { countResults, resultsType } from '../../core/reports.ts'
import type { Deps } from '../app.ts'
import type { Verdict } from '../store/store.ts'
import { readBody } from './body.ts'
import { type Env, guarded, routes } from './guard.ts'
import { attemptSchema, binary, json, verdictsSchema } from './schemas.ts'

/** Answers of one claim carry at most so many bytes of bodies, but one body in any case. */
const maxClaimBytes = 16 * 1024 ** 2
/** Of one report: some 12,000 results. */
const maxReportBytes = 1024 ** 2

type Unread = NonNullable<PackedLeases['unread']>

const claim = guarded(['worker'], {
  method: 'post',
  path: '/v1/leases/claim',
  summary: 'Leases on tasks, as frames with {id, attempt, iterations} for a header',
  request: {
    body: {
      required: true,
      ...json(
        z.object({
          max: z.int().min(1).max(10_000).describe('at most so many leases'),
          maxWork: z.int().min(1).describe('no more once their work reaches this, in blocks'),
          wait: z.int().min(0).max(60_000).describe('ms to wait for a task'),
        }),
        'What the worker can take',
      ),
    },
  },
  responses: {
    200: {
      description: 'Leases; none when there was no task in time',
      content: { [framesType]: binary },
    },
  },
})

const settled = {
  200: json(verdictsSchema, 'A verdict on each'),
  403: json(verdictsSchema, 'Another worker holds all of these leases; nothing changed'),
  409: json(verdictsSchema, 'All of these come too late; nothing changed'),
}

const renew = guarded(['worker'], {
  method: 'post',
  path: '/v1/leases/renew',
  summary: 'The worker is still at these',
  request: {
    body: { required: true, ...json(z.object({ leases: many(attemptSchema) }), 'Leases') },
  },
  responses: settled,
})

const complete = guarded(['worker'], {
  method: 'post',
  path: '/v1/leases/complete',
  summary: 'These succeeded: records of 16 bytes id, 4 bytes attempt, 64 bytes result',
  request: { body: { required: true, content: { [resultsType]: binary } } },
  responses: settled,
})

const fail = guarded(['worker'], {
  method: 'post',
  path: '/v1/leases/fail',
  summary: 'These failed: each is tried again later, or was tried for the last time',
  request: {
    body: {
      required: true,
      ...json(z.object({ reports: many(attemptSchema.extend({ error: z.string() })) }), 'Errors'),
    },
  },
  responses: settled,
})

const release = guarded(['worker'], {
  method: 'post',
  path: '/v1/leases/release',
  summary: 'The worker hands these back: they are queued again and nothing counts against them',
  request: {
    body: { required: true, ...json(z.object({ leases: many(attemptSchema) }), 'Leases') },
  },
  responses: settled,
})

export function leaseRoutes({ queue, workers, settings }: Deps) {
  const workerOf = (c: Context<Env>) => {
    const { subject } = c.get('principal')
    workers.heard(subject)
    return subject
  }

  /** The answer to reports that end leases. */
  const settle = (c: Context<Env>, verdicts: Verdict[]) => {
    workers.heard(c.get('principal').subject, -verdicts.length)
    return answer(c, verdicts)
  }

  /**
   * A frame's head and its large body, of which one piece at a time is in memory. The lease
   * lives while the body is on its way, and is handed back when the way is cut off.
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
        if (piece.length === 0) return stream.error(new Error(`the body of ${id} is gone`))
        stream.enqueue(piece)
        sent += piece.length
        if (sent === size) stream.close()
      },
      async cancel() {
        await queue.release(worker, [{ id, attempt }])
      },
    })
  }

  return routes()
    .openapi(claim, async (c) => {
      const worker = workerOf(c)
      if (workers.isLeaving(worker)) throw new TmError('unavailable', 'This worker is to stop')
      const signal = c.req.raw.signal
      const wish = c.req.valid('json')
      const leases = await queue.claim({ ...wish, worker, maxBytes: maxClaimBytes, signal })
      workers.heard(worker, leases.count)
      const { frames, unread } = leases
      const body = unread ? withBody(worker, frames, unread) : frames
      return c.body(body, 200, { 'content-type': framesType })
    })
    .openapi(renew, async (c) =>
      answer(c, await queue.renew(workerOf(c), c.req.valid('json').leases)),
    )
    .openapi(complete, async (c) => {
      const packed = await readBody(c, maxReportBytes)
      if (countResults(packed) === 0) throw new TmError('invalid', 'There is no result in it')
      return settle(c, await queue.complete(workerOf(c), packed))
    })
    .openapi(fail, async (c) =>
      settle(c, await queue.fail(workerOf(c), c.req.valid('json').reports)),
    )
    .openapi(release, async (c) =>
      settle(c, await queue.release(workerOf(c), c.req.valid('json').leases)),
    )
}

function many<T extends z.ZodType>(item: T) {
  return z.array(item).min(1).max(10_000)
}

/** One report among many that comes too late must not hide that the others counted. */
function answer(c: Context<Env>, verdicts: Verdict[]) {
  if (verdicts.includes('done')) return c.json({ verdicts }, 200)
  if (verdicts.includes('lost')) return c.json({ verdicts }, 409)
  return c.json({ verdicts }, 403)
}
