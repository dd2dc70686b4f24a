/**
 * Connections to nodes. A node with a certificate is trusted by that certificate and no other, and it is
 * checked before anything is sent, also through a proxy, which sees only ciphertext. Each node has its
 * own certificate; all contain the same name.
 */
import type { Dispatcher } from 'undici'
import { proxyDispatcher } from '../runtime/proxy.ts'
import { certificateName, minVersion } from './certificate.ts'

/** `fetch` gives up after this long without an answer, unless undici is told otherwise. */
const patienceOfFetchMs = 300_000

const agents = new Map<string, Promise<Dispatcher>>()

/**
 * One connection pool per certificate; undefined for that of `fetch`. Loads undici only when it is
 * needed. Its own limits are off: the transport has its own.
 */
export function dispatcherFor(
  certificate: string | undefined,
  timeoutMs: number,
): Promise<Dispatcher> | undefined {
  if (certificate === undefined && timeoutMs < patienceOfFetchMs) return undefined
  const known = agents.get(certificate ?? '')
  if (known) return known
  const made = open(certificate)
  agents.set(certificate ?? '', made)
  return made
}

async function open(certificate: string | undefined): Promise<Dispatcher> {
  const limits = { headersTimeout: 0, bodyTimeout: 0 }
  const { Agent } = await import('undici')
  if (certificate === undefined) return new Agent(limits)
  const connect = { ca: certificate, servername: certificateName, minVersion } as const
  return (await proxyDispatcher(connect)) ?? new Agent({ connect, ...limits })
}
