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

/** Gives the principal of a token that the secret signed, else undefined. */
export type Verifier = (token: string) => Principal | undefined

/** Principals whose MAC is kept; more than a cluster has nodes and workers. */
const maxKnown = 10_000

/**
 * Compares MACs in constant time. The right MAC of a principal that has shown it once is kept, for
 * computing it was a sixth of the cost of taking in a small task.
 */
export function createVerifier(secret: Uint8Array): Verifier {
  const known = new Map<string, Buffer>()
  return (token) => {
    const match = /^tm_(admin|node|worker)_([A-Za-z0-9-]{1,128})_([A-Za-z0-9_-]{43})$/.exec(token)
    if (!match) return undefined
    const [, role, subject, given] = match as unknown as [string, Role, string, string]
    const name = `${role}:${subject}`
    // As text: several spellings of the last letter are the same bytes.
    const expected = known.get(name) ?? Buffer.from(mac(secret, role, subject))
    if (!timingSafeEqual(Buffer.from(given), expected)) return undefined
    if (known.size < maxKnown) known.set(name, expected)
    return { role, subject }
  }
}

/** 43 letters, as many as the pattern of a token asks for. */
function mac(secret: Uint8Array, role: Role, subject: string): string {
  return createHmac('sha256', secret).update(`${role}:${subject}`).digest('base64url')
}
