/**
 * Connections to a node whose certificate is known beforehand: that one and no other is trusted,
 * and it is checked before anything is sent. Every node's certificate is its own and says the same
 * name, because its addresses are not known when it is made.
 */
import type { Dispatcher } from 'undici'
import { certificateName, minVersion } from '../core/certificate.ts'

const agents = new Map<string, Promise<Dispatcher>>()

/** One pool of connections for each certificate. Loaded only where there is TLS at all. */
export function pinned(certificate: string): Promise<Dispatcher> {
  const known = agents.get(certificate)
  if (known) return known
  const connect = { ca: certificate, servername: certificateName, minVersion } as const
  const made = import('undici').then(({ Agent }) => new Agent({ connect, bodyTimeout: 0 }))
  agents.set(certificate, made)
  return made
}
