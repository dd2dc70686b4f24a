/**
 * The metadata service of all machines (IMDS, version 2): whose question it is, the address tells
 * from which it comes. After "Access instance metadata" in the EC2 User Guide.
 */
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Standin } from '../aws/standin.ts'
import { metadata, type Snapshot } from './metadata.ts'

const ttlHeader = 'x-aws-ec2-metadata-token-ttl-seconds'

export function createImds(standin: Standin) {
  const tokens = new Map<string, { id: string; until: number }>()
  const look = metadata(standin)

  function token({ headers }: IncomingMessage, { id }: Snapshot): string | number {
    // A proxy that is open to the world must not fetch tokens for it.
    if (headers['x-forwarded-for']) return 403
    const seconds = Number(headers[ttlHeader])
    if (!Number.isInteger(seconds) || seconds < 1 || seconds > 21_600) return 400
    const made = randomBytes(40).toString('base64url')
    tokens.set(made, { id, until: performance.now() + seconds * 1000 })
    return made
  }

  function mayRead({ headers }: IncomingMessage, instance: Snapshot): boolean {
    const given = headers['x-aws-ec2-metadata-token']
    if (given === undefined) return instance.metadata.tokens === 'optional'
    const known = tokens.get(String(given))
    return known !== undefined && known.id === instance.id && performance.now() < known.until
  }

  function answer(request: IncomingMessage, instance: Snapshot): string | Buffer | number {
    const { method, url = '' } = request
    if (instance.metadata.endpoint === 'disabled') return 403
    if (method === 'PUT' && url === '/latest/api/token') return token(request, instance)
    if (method !== 'GET') return 405
    if (!mayRead(request, instance)) return 401
    const path = url.replace(/^\/(latest|\d{4}-\d\d-\d\d)\//, '')
    return look(instance, path) ?? 404
  }

  return (request: IncomingMessage, response: ServerResponse): void => {
    const instance = from(standin, request)
    // There is no such service outside of EC2.
    if (!instance) return void request.socket.destroy()
    const found = answer(request, instance)
    if (typeof found === 'number') return void response.writeHead(found).end()
    const ttl = request.method === 'PUT' ? { [ttlHeader]: request.headers[ttlHeader] } : {}
    response.writeHead(200, { 'content-type': 'text/plain', ...ttl }).end(found)
  }
}

/** The machine that asks. */
export function from(standin: Standin, { socket }: IncomingMessage): Snapshot | undefined {
  const address = socket.remoteAddress?.replace(/^::ffff:/, '')
  // Until its power goes it asks, also while it is being shut down.
  const there = standin.instances().filter(({ state }) => state !== 'terminated')
  return there.find(({ privateIp }) => privateIp === address)
}
