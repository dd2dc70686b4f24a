/** A few JSON routes over TLS, which a node serves before it has an owner. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { minVersion } from '../../../../api/certificate.ts'

/** `GET /path` → its handler. */
export type Routes = Record<string, (body: Buffer) => Promise<Answer>>

export interface Answer {
  status: number
  body: object
  /** The server closes once this answer is sent. */
  last?: boolean
}

export interface ServerOptions {
  port: number
  tls: { key: string; cert: string }
  routes: Routes
  /** Bytes of a request's body. */
  maxBody: number
  onError: (what: string, error: unknown) => Answer
}

/** Resolves when an answer marked `last` is sent and the port is free again. */
export async function serveRoutes(options: ServerOptions): Promise<void> {
  const { port, tls, routes, maxBody, onError } = options
  await new Promise<void>((resolve, reject) => {
    const server = createServer({ ...tls, minVersion }, (request, response) => {
      answer(request, response).catch((error) => {
        send(response, onError(`${request.method} ${request.url}`, error))
      })
    })
    server.headersTimeout = 10_000
    server.requestTimeout = 300_000
    // Nobody is authenticated yet, and each connection may hold a whole body.
    server.maxConnections = 20
    server.once('error', reject)
    server.listen(port)

    async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
      const route = routes[`${request.method} ${request.url}`]
      const body = await read(request, route ? maxBody : 0)
      if (!route) return send(response, failure(404, 'not_found', 'This node has no owner yet'))
      if (!body) return send(response, failure(413, 'too_large', `More than ${maxBody} bytes`))
      const given = await route(body)
      if (given.last) response.once('close', () => end(resolve))
      send(response, given)
    }

    function end(done: () => void): void {
      server.close(done)
      server.closeAllConnections()
    }
  })
}

/** An error in the shape that nodes answer with. */
export function failure(status: number, code: string, message: string): Answer {
  return { status, body: { error: { code, message } } }
}

async function read(request: IncomingMessage, most: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > most) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function send(response: ServerResponse, { status, body }: Answer): void {
  if (response.headersSent) return
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' })
  response.end(JSON.stringify(body))
}
