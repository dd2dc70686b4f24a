/**
 * Cuts off clients that stall while they send a request or should read an answer. A slow one that gets on
 * may take as long as it needs, and nobody is cut off while it waits for the node.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { errorCodes, TmError } from '../../core/errors.ts'
import { type StallLimit, stallLimit, timeLeft } from '../../core/stall.ts'

interface Connection {
  request: IncomingMessage | undefined
  response: ServerResponse | undefined
  bytesRead: number
  leftMs: number
}

/** Checks all connections in turn: a timer for each request would make small tasks slower. */
export function cutSlowClients(
  server: Server,
  { everyMs, limit = stallLimit }: { everyMs: number; limit?: StallLimit },
): void {
  const connections = new Map<Socket, Connection>()
  const isTls = 'setSecureContext' in server
  let checkedAt = performance.now()

  server.on(isTls ? 'secureConnection' : 'connection', (socket: Socket) => {
    const { limitMs: leftMs } = limit
    connections.set(socket, { request: undefined, response: undefined, bytesRead: 0, leftMs })
    socket.once('close', () => connections.delete(socket))
  })

  server.on('request', (request, response) => {
    const connection = connections.get(request.socket)
    if (!connection) return
    connection.request = request
    connection.response = response
  })

  // Node emits this when no bytes have moved for the time-out of a socket. It closes idle connections
  // only without a listener.
  server.on('timeout', (socket: Socket) => {
    const { response } = connections.get(socket) ?? {}
    const isOpen = response !== undefined && !response.writableFinished
    if (!isOpen || socket.writableLength > 0) socket.destroy()
  })

  function check(): void {
    const now = performance.now()
    // A node that was stopped itself does not blame its clients.
    const elapsedMs = Math.min(now - checkedAt, 2 * everyMs)
    checkedAt = now
    for (const [socket, connection] of connections) {
      const bytes = socket.bytesRead - connection.bytesRead
      connection.bytesRead = socket.bytesRead
      const { request, response } = connection
      if (!request || !isExpected(request)) connection.leftMs = limit.limitMs
      else connection.leftMs = timeLeft(connection.leftMs, { elapsedMs, bytes }, limit)
      if (response && connection.leftMs <= 0) cut(socket, response, limit)
      // Only for those that have to read: a server-wide time-out starts a timer at each request.
      if (socket.writableLength > 0 && !socket.timeout) socket.setTimeout(limit.limitMs)
    }
  }

  const checking = setInterval(check, everyMs)
  server.once('close', () => clearInterval(checking))
}

/** Whether the client has to send more. While the node does not read, that is not the client's fault. */
function isExpected(request: IncomingMessage): boolean {
  return !request.complete && !request.isPaused() && request.readableLength === 0
}

function cut(socket: Socket, response: ServerResponse, { limitMs }: StallLimit): void {
  if (response.headersSent) return void socket.destroy()
  const message = `The request stood still for ${limitMs / 1000} s`
  const body = JSON.stringify({ error: new TmError('timeout', message) })
  const head = [
    `HTTP/1.1 ${errorCodes.timeout.status} Request Timeout`,
    'connection: close',
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
  ]
  socket.write(`${head.join('\r\n')}\r\n\r\n${body}`)
  socket.destroySoon()
}
