/**
 * The secret of a cluster, and its rotation while the cluster works:
 *
 *   accept   nodes also accept tokens signed with the next secret; once all nodes do:
 *   give     workers get a new token with their next heartbeat; once all workers have it:
 *   only     nodes no longer accept tokens signed with the old secret
 *
 * Each step is idempotent, and a rotation can be started over with yet another secret.
 */
import { TmError } from './errors.ts'
import { tm } from './suggestions.ts'

/** Secrets, in hex. */
export interface Keys {
  current: string
  next?: string
  /** New tokens of workers are signed with the next secret. */
  giving?: boolean
}

export const rotationPhases = ['accept', 'give', 'only'] as const
export type RotationPhase = (typeof rotationPhases)[number]

export interface RotationStep {
  next: string
  phase: RotationPhase
  /** The secret that signed the caller's token. */
  askedUnder: 'current' | 'next'
}

/** Throws `conflict` when this node has not seen the step `accept` for this secret. */
export function rotate(keys: Keys, { next, phase, askedUnder }: RotationStep): Keys {
  if (keys.current === next && askedUnder === 'current') return { current: next }
  if (keys.next === next) {
    if (phase === 'only') return { current: next }
    return { ...keys, giving: keys.giving === true || phase === 'give' }
  }
  if (phase !== 'accept') {
    throw new TmError('conflict', 'This node does not know that secret', {
      suggestions: [tm('rotate-tokens')],
    })
  }
  // A caller with the newer secret no longer needs the older one.
  const current = askedUnder === 'next' && keys.next ? keys.next : keys.current
  return { current, next }
}

export function secretBytes(hex: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(hex, 'hex'))
}
