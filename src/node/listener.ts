/** What answers a node's HTTP requests: the direct way for the plainest one, the routes for all others. */
import type { RequestListener } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { createApp, type Deps } from './app.ts'
import { createDirect } from './direct.ts'

export function createListener(deps: Deps): RequestListener {
  const direct = createDirect(deps)
  const routed = getRequestListener(createApp(deps).fetch)
  return (request, response) => {
    if (!direct(request, response)) void routed(request, response)
  }
}
