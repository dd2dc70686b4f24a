/**
 * Bearer tokens. A cluster has one secret, held by its nodes and by whoever made it; every token is
 * a role, a subject and their HMAC-SHA-256 under that secret (RFC 2104). So a node can check the
 * token of a worker that a sibling launched without asking anyone, and nothing is stored to leak.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'

/** admin: the command line. node: siblings. worker: one worker, and only its own leases. */
export const roles = ['admin', 'node', 'worker'] as const
export type Role = (typeof roles)[number]

/** Who a token speaks for: the subject is the id of a node or worker, or the cluster's name. */
export interface Principal {
  role: Role
  subject: string
}

/** `tm_<role>_<subject>_<mac>`; a subject has letters, digits and hyphens only. */
export function signToken(secret: Uint8Array, { role, subject }: Principal): string {
  return `tm_${role}_${subject}_${mac(secret, role, subject)}`
}

/** The principal of a token that this secret signed, else undefined. Takes constant time. */
export function verifyToken(secret: Uint8Array, token: string): Principal | undefined {
  const match = /^tm_(admin|node|worker)_([A-Za-z0-9-]{1,128})_([A-Za-z0-9_-]{43})$/.exec(token)
  if (!match) return undefined
  const [, role, subject, given] = match as unknown as [string, Role, string, string]
  // As text: several spellings of the last letter are the same bytes.
  const expected = Buffer.from(mac(secret, role, subject))
  return timingSafeEqual(Buffer.from(given), expected) ? { role, subject } : undefined
}

/** 43 letters, as many as the pattern of a token asks for. */
function mac(secret: Uint8Array, role: Role, subject: string): string {
  return createHmac('sha256', secret).update(`${role}:${subject}`).digest('base64url')
}
