/**
 * Handles the simplest `PUT /enqueue`, a small task with a length and a valid token, without the
 * router, which takes most of the time for a small task. All other requests (no token, a stream, a bad
 * number …) go to the route, which says what is wrong. Both call `enqueueOne`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isCompatible, protocolHeader } from '../../api/protocol.ts'
import { isTaskId } from '../../core/task.ts'
import { bearerToken } from '../../core/tokens.ts'
import { iterationsRange } from '../../kinds/sha512/sha512.ts'
import { createTaskIds } from '../../runtime/task-ids.ts'
import { isForm } from './body.ts'
import { placeOf, retryAfterSeconds, toAnswer, toTmError } from './errors.ts'
import type { NodeContext } from './node-context.ts'
import { enqueueOne } from './routes/enqueue.ts'

type Parts = Pick<
  NodeContext,
  'info' | 'configure' | 'secrets' | 'queue' | 'kinds' | 'settings' | 'onError'
>

/** Larger bodies go to the route. */
const maxFastBytes = 64 * 1024

interface FastRequest {
  id: string
  iterations: number
}

/** The listener returns whether it handles the request. */
export function createEnqueueFastPath(parts: Parts) {
  const { secrets, settings, onError } = parts
  const newId = createTaskIds()

  function read(request: IncomingMessage): FastRequest | undefined {
    const { method, url = '', headers } = request
    if (method !== 'PUT' || headers['transfer-encoding'] !== undefined) return undefined
    if (isForm(headers['content-type'])) return undefined
    const iterations = Number(/^\/enqueue\?iterations=([1-9]\d{0,15})$/.exec(url)?.[1])
    if (!(iterations <= iterationsRange.max)) return undefined
    const size = Number(headers['content-length'])
    if (!(size <= Math.min(maxFastBytes, settings.get().maxBody))) return undefined
    const id = headers['idempotency-key'] ?? newId()
    if (typeof id !== 'string' || !isTaskId(id)) return undefined
    if (!isCompatible(headers[protocolHeader] as string | undefined)) return undefined
    if (secrets.verify(bearerToken(headers.authorization))?.role !== 'admin') return undefined
    return { id, iterations }
  }

  async function take(
    { id, iterations }: FastRequest,
    body: Buffer<ArrayBuffer>,
    response: ServerResponse,
  ) {
    try {
      const made = await enqueueOne(parts, { id, iterations, body })
      send(response, 201, JSON.stringify(made))
    } catch (thrown) {
      const error = toTmError(thrown)
      if (error.code === 'internal') onError('PUT /enqueue', thrown)
      const { status, body: answer } = toAnswer(error, placeOf(parts))
      if (error.code === 'busy') response.setHeader('retry-after', retryAfterSeconds)
      send(response, status, JSON.stringify(answer))
    }
  }

  return (request: IncomingMessage, response: ServerResponse): boolean => {
    const fast = read(request)
    if (!fast) return false
    let body = Buffer.alloc(0)
    request.on('data', (chunk: Buffer<ArrayBuffer>) => {
      body = body.length === 0 ? chunk : Buffer.concat([body, chunk])
    })
    // An interrupted request has no 'end', so its task is not enqueued.
    request.on('end', () => void take(fast, body, response))
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
