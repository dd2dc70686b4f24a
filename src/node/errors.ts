/** How errors become HTTP answers: known ones by their code, unknown ones logged and masked. */
import type { OpenAPIHono } from '@hono/zod-openapi'
import { HTTPException } from 'hono/http-exception'
import { errorCodes, TmError } from '../core/errors.ts'
import type { Env } from './routes/guard.ts'

export function answerErrors(
  app: OpenAPIHono<Env>,
  onError: (what: string, error: unknown) => void,
): void {
  app.notFound((c) => {
    const error = new TmError('not_found', `There is no ${c.req.method} ${c.req.path}`)
    return c.json({ error: error.toJSON() }, 404)
  })
  app.onError((thrown, c) => {
    const error = recognise(thrown)
    if (error.code === 'internal') onError(`${c.req.method} ${c.req.path}`, thrown)
    const { status, body } = toAnswer(error)
    return c.json(body, status)
  })
}

export function toAnswer(error: TmError) {
  return { status: errorCodes[error.code].status, body: { error: error.toJSON() } }
}

/** Of what is not known nothing is told. */
export function recognise(thrown: unknown): TmError {
  if (thrown instanceof TmError) return thrown
  // Node's own: whoever sent the request is gone before its body had come. Nobody reads the answer.
  if (wasBrokenOff(thrown)) return new TmError('invalid', 'The request broke off')
  // Hono's own: a body that is not JSON, or does not say that it is.
  if (thrown instanceof HTTPException && thrown.status === 415) {
    return new TmError('invalid', 'The body has to be JSON, with content-type: application/json')
  }
  if (thrown instanceof HTTPException && thrown.status < 500) {
    return new TmError('invalid', thrown.message)
  }
  return new TmError('internal', 'Something went wrong on this node; its log says what')
}

function wasBrokenOff(thrown: unknown): boolean {
  const { code, message } = (thrown ?? {}) as NodeJS.ErrnoException
  return code === 'ECONNRESET' && message === 'aborted'
}
