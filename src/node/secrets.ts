/** The secrets that sign tokens at this node: one, or two during a rotation. */
import { type Keys, type RotationStep, rotate, secretBytes } from '../core/keys.ts'
import { createVerifier, type Principal, signToken, type Verifier } from '../core/tokens.ts'

export interface AuthenticatedPrincipal extends Principal {
  /** The secret that signed the token. */
  under: 'current' | 'next'
}

export type Secrets = ReturnType<typeof createSecrets>

/** `save` resolves when the keys are on disk. */
export function createSecrets(given: Keys, save: (keys: Keys) => Promise<void>) {
  let keys = given
  let verifiers = verifiersOf(keys)
  /** Workers that have sent a token signed with the next secret. */
  const renewed = new Set<string>()

  return {
    verify(token: string): AuthenticatedPrincipal | undefined {
      const current = verifiers.current(token)
      if (current) return { ...current, under: 'current' }
      const next = verifiers.next?.(token)
      if (!next) return undefined
      if (next.role === 'worker') renewed.add(next.subject)
      return { ...next, under: 'next' }
    },

    /** The token that a node shows to its siblings. */
    nodeToken: (id: string): string =>
      signToken(secretBytes(keys.current), { role: 'node', subject: id }),

    /** A worker's token, signed with the newest secret that all nodes accept. */
    workerToken(id: string): string {
      const secret = keys.giving && keys.next ? keys.next : keys.current
      return signToken(secretBytes(secret), { role: 'worker', subject: id })
    },

    /** Whether a worker with this token needs a new one. */
    isOutdated: ({ under }: AuthenticatedPrincipal): boolean =>
      keys.giving === true && under === 'current',

    async rotate(step: RotationStep): Promise<void> {
      const after = rotate(keys, step)
      await save(after)
      if (after.next !== keys.next) renewed.clear()
      keys = after
      verifiers = verifiersOf(keys)
    },

    /** Which of these workers have not used a new token yet. */
    waitingFor: (workers: string[]): string[] =>
      keys.next ? workers.filter((id) => !renewed.has(id)) : [],
  }
}

function verifiersOf(keys: Keys): { current: Verifier; next: Verifier | undefined } {
  const verifier = (hex: string) => createVerifier(secretBytes(hex))
  return { current: verifier(keys.current), next: keys.next ? verifier(keys.next) : undefined }
}
