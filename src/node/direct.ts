/**
 * Takes in the plainest request of all, one small task, without the router: for small tasks that is
 * most of the cost. Whatever is not exactly so (no token, a stream, a bad number …) goes on to the
 * route of the same name, which says what is wrong.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { v7 } from 'uuid'
import { TmError } from '../core/errors.ts'
import { isSpoken, protocolHeader } from '../core/protocol.ts'
import { isTaskId, maxIterations } from '../core/task.ts'
import type { Deps } from './app.ts'
import { recognise, toAnswer } from './errors.ts'

type Parts = Pick<Deps, 'secrets' | 'queue' | 'settings' | 'onError'>

/** Larger ones are read as they come, with an eye on the limit. Bytes. */
const maxDirect = 64 * 1024

export interface DirectRequest {
  id: string
  iterations: number
  size: number
}

/** Answers whether it has taken the request. */
export function createDirect({ secrets, queue, settings, onError }: Parts) {
  function read(request: IncomingMessage): DirectRequest | undefined {
    const { method, url = '', headers } = request
    if (method !== 'PUT' || headers['transfer-encoding'] !== undefined) return undefined
    const iterations = Number(/^\/enqueue\?iterations=([1-9]\d{0,15})$/.exec(url)?.[1])
    if (!(iterations <= maxIterations)) return undefined
    const size = Number(headers['content-length'])
    if (!(size <= Math.min(maxDirect, settings.get().maxBody))) return undefined
    const id = headers['idempotency-key'] ?? v7()
    if (typeof id !== 'string' || !isTaskId(id)) return undefined
    if (!isSpoken(headers[protocolHeader] as string | undefined)) return undefined
    const token = headers.authorization ?? ''
    if (!token.startsWith('Bearer ') || secrets.verify(token.slice(7))?.role !== 'admin')
      return undefined
    return { id, iterations, size }
  }

  async function take({ id, iterations }: DirectRequest, body: Buffer, response: ServerResponse) {
    try {
      const [outcome] = await queue.enqueue([{ id, iterations, body: new Uint8Array(body) }])
      if (outcome === 'conflict') throw new TmError('conflict', `Another task has the id ${id}`)
      send(response, 201, `{"id":"${id}"}`)
    } catch (thrown) {
      const error = recognise(thrown)
      if (error.code === 'internal') onError('PUT /enqueue', thrown)
      const { status, body: answer } = toAnswer(error)
      send(response, status, JSON.stringify(answer))
    }
  }

  return (request: IncomingMessage, response: ServerResponse): boolean => {
    const asked = read(request)
    if (!asked) return false
    let body: Buffer = Buffer.alloc(0)
    request.on('data', (chunk: Buffer) => {
      body = body.length === 0 ? chunk : Buffer.concat([body, chunk])
    })
    // One that breaks off in the middle has no end: nothing of it is taken.
    request.on('end', () => void take(asked, body, response))
    request.on('error', () => response.destroy())
    return true
  }
}

function send(response: ServerResponse, status: number, body: string): void {
  if (response.destroyed) return
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  })
  response.end(body)
}
