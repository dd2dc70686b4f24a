/** The secrets under which tokens are valid at this node: one, or two while they are rotated. */
import { type Keys, type RotationStep, rotate, secretBytes } from '../core/keys.ts'
import { createVerifier, type Principal, signToken, type Verifier } from '../core/tokens.ts'

export interface Known extends Principal {
  /** Under which secret the token was made. */
  under: 'current' | 'next'
}

export type Secrets = ReturnType<typeof createSecrets>

/** `save` answers when they are on disk. */
export function createSecrets(given: Keys, save: (keys: Keys) => Promise<void>) {
  let keys = given
  let verifiers = verifiersOf(keys)
  /** Workers that have shown a token under the next secret. */
  const renewed = new Set<string>()

  return {
    verify(token: string): Known | undefined {
      const current = verifiers.current(token)
      if (current) return { ...current, under: 'current' }
      const next = verifiers.next?.(token)
      if (!next) return undefined
      if (next.role === 'worker') renewed.add(next.subject)
      return { ...next, under: 'next' }
    },

    /** A node's own token, for its siblings. */
    nodeToken: (id: string): string =>
      signToken(secretBytes(keys.current), { role: 'node', subject: id }),

    /** A worker's token, of the newest kind that all nodes take. */
    workerToken(id: string): string {
      const secret = keys.giving && keys.next ? keys.next : keys.current
      return signToken(secretBytes(secret), { role: 'worker', subject: id })
    },

    /** Whether a worker that shows this token shall have another one. */
    isOutdated: ({ under }: Known): boolean => keys.giving === true && under === 'current',

    async rotate(step: RotationStep): Promise<void> {
      const after = rotate(keys, step)
      await save(after)
      if (after.next !== keys.next) renewed.clear()
      keys = after
      verifiers = verifiersOf(keys)
    },

    /** Of these workers, those that have not shown a new token yet. */
    waitingFor: (workers: string[]): string[] =>
      keys.next ? workers.filter((id) => !renewed.has(id)) : [],
  }
}

function verifiersOf(keys: Keys): { current: Verifier; next: Verifier | undefined } {
  const verifier = (hex: string) => createVerifier(secretBytes(hex))
  return { current: verifier(keys.current), next: keys.next ? verifier(keys.next) : undefined }
}
