/** Turns errors into HTTP answers. A `TmError` is shown; any other error is logged and masked. */
import type { OpenAPIHono } from '@hono/zod-openapi'
import { HTTPException } from 'hono/http-exception'
import { errorCodes, TmError } from '../../core/errors.ts'
import type { Place } from '../../core/suggestions.ts'
import { notJson } from './body.ts'
import type { Env } from './guard.ts'
import { methodsAt } from './methods.ts'
import type { NodeContext } from './node-context.ts'

/** In the answer of a node that is busy. */
export const retryAfterSeconds = '1'

export function answerErrors(
  app: OpenAPIHono<Env>,
  { place, onError }: { place: Place; onError: (what: string, error: unknown) => void },
): void {
  app.notFound((c) => {
    const error = new TmError('not_found', `There is no ${c.req.method} ${c.req.path}`)
    return c.json({ error: error.render(place) }, 404)
  })
  app.onError((thrown, c) => {
    const error = toTmError(thrown)
    if (error.code === 'internal') onError(`${c.req.method} ${c.req.path}`, thrown)
    const { status, body } = toAnswer(error, place)
    if (error.code === 'busy') c.header('retry-after', retryAfterSeconds)
    if (error.code === 'not_allowed') c.header('allow', methodsAt(c.req.path).join(', '))
    return c.json(body, status)
  })
}

/** Suggested commands reach the cluster of this node. */
export function toAnswer(error: TmError, place: Place) {
  return { status: errorCodes[error.code].status, body: { error: error.render(place) } }
}

/** On EC2, and only there, the machines of workers can be chosen. */
export function placeOf({ info, configure }: Pick<NodeContext, 'info' | 'configure'>): Place {
  return { cluster: info.cluster, local: configure === undefined }
}

/** The error to answer with. Hides the details of unexpected errors. */
export function toTmError(thrown: unknown): TmError {
  if (thrown instanceof TmError) return thrown
  // From Node: the client disconnected while sending the body. Nobody reads the answer.
  if (wasInterrupted(thrown)) return new TmError('invalid', 'The request was interrupted')
  // From Hono: the body is not JSON, or its content type is not.
  if (thrown instanceof HTTPException && thrown.status === 415) return notJson()
  if (thrown instanceof HTTPException && thrown.status < 500) {
    return new TmError('invalid', thrown.message)
  }
  return new TmError('internal', 'Internal error; see the log of this node')
}

function wasInterrupted(thrown: unknown): boolean {
  const { code, message } = (thrown ?? {}) as NodeJS.ErrnoException
  return code === 'ECONNRESET' && message === 'aborted'
}
