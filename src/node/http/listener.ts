/** Answers the HTTP requests of a node: small tasks on the fast path, all others in the routes. */
import type { RequestListener } from 'node:http'
import { getRequestListener, RequestError } from '@hono/node-server'
import { TmError } from '../../core/errors.ts'
import { createApp } from './app.ts'
import { createEnqueueFastPath } from './enqueue-fast-path.ts'
import { placeOf, toAnswer, toTmError } from './errors.ts'
import type { NodeContext } from './node-context.ts'

export function createListener(context: NodeContext): RequestListener {
  const fastPath = createEnqueueFastPath(context)
  const routed = getRequestListener(createApp(context).fetch, { errorHandler })

  /** Handles errors before routing, such as a malformed URL. */
  function errorHandler(thrown: unknown): Response {
    const isAddress = thrown instanceof RequestError
    const error = isAddress ? new TmError('invalid', thrown.message) : toTmError(thrown)
    if (error.code === 'internal') context.onError('answering a request', thrown)
    const { status, body } = toAnswer(error, placeOf(context))
    return Response.json(body, { status })
  }

  return (request, response) => {
    if (!fastPath(request, response)) void routed(request, response)
  }
}
