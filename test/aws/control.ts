// The stand-in of another process: a JSON endpoint for what a test or the lab would call in
// process. POST /METHOD with the arguments as a JSON array; GET /events streams
// state changes as lines.

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FaultSpec } from './faults.ts'
import type { Standin } from './standin.ts'

/** The methods that make sense as JSON. */
export type Remote = {
  [Name in (typeof names)[number]]: Standin[Name] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Result>
    : () => Promise<Standin[Name]>
}

const names = [
  ...(['calls', 'env', 'instances', 'leftovers', 'credentialsFor', 'shutdown'] as const),
  ...(['interrupt', 'setConsole', 'setOperatorPolicy', 'setCapacity'] as const),
]

export async function serveControl(
  standin: Standin,
  port: number,
): Promise<{ url: string; server: Server }> {
  const methods: Record<string, (...args: never[]) => unknown> = {
    ...Object.fromEntries(
      names.map((name) => {
        const member = standin[name]
        return [name, typeof member === 'function' ? member : () => standin[name]]
      }),
    ),
    // A Fault is a live object; its order is all that travels.
    fail: (spec: FaultSpec) => void standin.fail(spec),
  }
  const server = createServer(async (request, response) => {
    const name = request.url?.slice(1) ?? ''
    const answer = (status: number, value: unknown) =>
      response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(JSON.stringify(value ?? null))
    // Loopback by binding and by this: it hands out credentials.
    if (!/^(::ffff:)?127\.|^::1$/.test(request.socket.remoteAddress ?? '')) {
      answer(403, { error: 'loopback only' })
    } else if (request.method === 'GET' && name === 'events') {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' }).flushHeaders()
      for (const kind of ['state', 'reboot', 'notice'] as const) {
        const tell = (event: object) => response.write(`${JSON.stringify({ kind, ...event })}\n`)
        standin.events.on(kind, tell)
        response.on('close', () => standin.events.off(kind, tell))
      }
    } else if (request.method === 'POST' && Object.hasOwn(methods, name)) {
      try {
        const text = Buffer.concat(await request.toArray()).toString()
        const args: never[] = text ? JSON.parse(text) : []
        answer(200, await methods[name]?.(...args))
      } catch (error) {
        answer(400, { error: String(error) })
      }
    } else {
      answer(404, { error: `no ${request.method} ${request.url}` })
    }
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve)
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server }
}

/** The other end of it. */
export function connect(url: string): Remote & { fail(spec: FaultSpec): Promise<void> } {
  const call =
    (name: string) =>
    async (...args: unknown[]) => {
      const response = await fetch(`${url}/${name}`, { method: 'POST', body: JSON.stringify(args) })
      const value = await response.json()
      if (!response.ok) throw new Error(`${name}: ${JSON.stringify(value)}`)
      return value
    }
  const entries = [...names, 'fail'].map((name) => [name, call(name)])
  return Object.fromEntries(entries)
}
