/** Requests to a node by plain `fetch`, each of which may be answered, or not, or hung up on by the client. */
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, fetch } from 'undici'
import type { World } from './world.ts'

/** Connections of clients are not what a node is to be blamed for when all is quiet. */
const dispatcher = new Agent({ keepAliveTimeout: 500, keepAliveMaxTimeout: 500 })

export interface Asking {
  method?: string
  headers?: Record<string, string>
  body?: Uint8Array<ArrayBuffer> | string
  /** Milliseconds until the client gives up. */
  patience?: number
  token?: string
}

export interface Answer {
  status: number
  json: unknown
}

/** Undefined: nobody knows whether the node has acted. */
export async function ask(
  world: World,
  node: string,
  path: string,
  { method = 'GET', headers = {}, body, patience = 6000, token = world.token() }: Asking = {},
): Promise<Answer | undefined> {
  try {
    const answer = await fetch(`${world.url(node)}${path}`, {
      method,
      headers: { ...headers, ...(token ? { authorization: `Bearer ${token}` } : {}) },
      ...(body === undefined ? {} : { body }),
      dispatcher,
      signal: AbortSignal.timeout(patience),
    })
    return { status: answer.status, json: await answer.json() }
  } catch {
    return undefined
  }
}

/** Sends the beginning of a body that was announced as a whole, and hangs up. */
export async function hangUp(
  world: World,
  node: string,
  path: string,
  { method = 'POST', headers = {}, body = '' }: Asking,
  sent: number,
): Promise<void> {
  const whole = Buffer.from(body as Uint8Array)
  const authorization = `Bearer ${world.token()}`
  const length = { 'content-length': String(whole.length) }
  const outgoing = request(`${world.url(node)}${path}`, {
    method,
    headers: { ...headers, ...length, authorization },
  })
  outgoing.on('error', () => {})
  outgoing.on('response', (incoming) => incoming.resume().on('error', () => {}))
  outgoing.write(whole.subarray(0, sent))
  await sleep(20)
  outgoing.destroy()
}
