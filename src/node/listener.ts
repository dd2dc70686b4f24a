/** What answers a node's HTTP requests: the direct way for the plainest one, the routes for all others. */
import type { RequestListener } from 'node:http'
import { getRequestListener, RequestError } from '@hono/node-server'
import { TmError } from '../core/errors.ts'
import { createApp, type Deps } from './app.ts'
import { createDirect } from './direct.ts'
import { recognise, toAnswer } from './errors.ts'

export function createListener(deps: Deps): RequestListener {
  const direct = createDirect(deps)
  const routed = getRequestListener(createApp(deps).fetch, { errorHandler })

  /** What never came to a route, for its address makes no sense: an error like all others. */
  function errorHandler(thrown: unknown): Response {
    const isAddress = thrown instanceof RequestError
    const error = isAddress ? new TmError('invalid', thrown.message) : recognise(thrown)
    if (error.code === 'internal') deps.onError('answering a request', thrown)
    const { status, body } = toAnswer(error)
    return Response.json(body, { status })
  }

  return (request, response) => {
    if (!direct(request, response)) void routed(request, response)
  }
}
