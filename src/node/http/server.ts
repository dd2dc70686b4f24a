/** The server socket. It is bound before the node is composed, because the node needs its URL. */

import type { RequestListener } from 'node:http'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { minVersion } from '../../api/certificate.ts'
import { TmError } from '../../core/errors.ts'
import { cutSlowClients } from './slow-clients.ts'

export interface BindOptions {
  /** The address to listen on: loopback, unless the node has TLS. */
  host: string
  /** 0 for any free port. */
  port: number
  /** Use any free port if `port` is in use. */
  orAnyPort?: boolean
  /** The node's key and certificate, as PEM. */
  tls?: { key: string; cert: string }
  /** The address in the node's URL; `host` if undefined. */
  address?: string
}

/** Connections are checked this often: each that stalls occupies a place until then. */
const checkEveryMs = 1000

/**
 * 10 s for a TLS handshake, 10 s for headers. A request has no limit of its own, because a large body
 * over a slow line takes long: `slow-clients.ts` ends those that stall.
 */
const limits = {
  headersTimeout: 10_000,
  requestTimeout: 0,
  keepAliveTimeout: 30_000,
  connectionsCheckingInterval: checkEveryMs,
  maxHeaderSize: 16_384,
}
const handshakeTimeout = 10_000
/** More than any cluster needs, and few enough that idle clients can't exhaust the memory. */
const maxConnections = 10_000
/** When the node stops, open requests have this long to finish. */
const closeWithinMs = 5000

/** Holds requests until `serve` is called. Throws `failed` if it can't listen. */
export async function bind(options: BindOptions) {
  const { tls, host, address = host } = options
  const server = tls
    ? createTlsServer({ ...limits, handshakeTimeout, ...tls, minVersion })
    : createServer(limits)
  server.maxConnections = maxConnections
  cutSlowClients(server, { everyMs: checkEveryMs })
  const early: [IncomingMessage, ServerResponse][] = []
  const hold = (request: IncomingMessage, response: ServerResponse) => {
    early.push([request, response])
  }
  server.on('request', hold)
  const port = await listen(server, options)

  return {
    url: `${tls ? 'https' : 'http'}://${address}:${port}`,
    serve(listener: RequestListener): void {
      server.off('request', hold)
      server.on('request', listener)
      for (const [request, response] of early) listener(request, response)
    },
    close: () => close(server),
  }
}

async function listen(server: Server, { host, port, orAnyPort }: BindOptions): Promise<number> {
  try {
    return await listenAt(server, host, port)
  } catch (error) {
    const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
    if (isTaken && orAnyPort) return await listenAt(server, host, 0)
    const why = isTaken ? 'another program uses this port' : (error as Error).message
    throw new TmError('failed', `Can't listen on ${host}:${port}: ${why}`, { cause: error })
  }
}

function listenAt(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve((server.address() as { port: number }).port)
    })
  })
}

/** Closes idle connections at once and busy connections after their answer. */
async function close(server: Server): Promise<void> {
  const force = setTimeout(() => server.closeAllConnections(), closeWithinMs)
  await new Promise((resolve) => {
    server.close(resolve)
    server.closeIdleConnections()
  })
  clearTimeout(force)
}
