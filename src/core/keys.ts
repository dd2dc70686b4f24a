/**
 * The secret of a cluster, and how another one takes its place while everybody goes on working:
 *
 *   accept   tokens under the next secret are valid too; when all nodes do, and not before:
 *   give     workers get a new token with their next heartbeat; when they have it:
 *   only     tokens under the old secret are valid no more
 *
 * Each step can be asked for again, and the whole of it begun anew with yet another secret.
 */
import { TmError } from './errors.ts'

/** Secrets in hex. */
export interface Keys {
  current: string
  next?: string
  /** Workers are given tokens under the next one. */
  giving?: boolean
}

export const rotationPhases = ['accept', 'give', 'only'] as const
export type RotationPhase = (typeof rotationPhases)[number]

export interface RotationStep {
  next: string
  phase: RotationPhase
  /** Under which secret the token was made of whoever asks. */
  askedUnder: 'current' | 'next'
}

/** Throws `conflict` for a step whose first one this node has not seen. */
export function rotate(keys: Keys, { next, phase, askedUnder }: RotationStep): Keys {
  if (keys.current === next && askedUnder === 'current') return { current: next }
  if (keys.next === next) {
    if (phase === 'only') return { current: next }
    return { ...keys, giving: keys.giving === true || phase === 'give' }
  }
  if (phase !== 'accept') {
    throw new TmError('conflict', 'This node has not been told of that secret', {
      suggestions: ['tm rotate-tokens'],
    })
  }
  // Whoever has the newer one has left the older one behind.
  const current = askedUnder === 'next' && keys.next ? keys.next : keys.current
  return { current, next }
}

export function secretBytes(hex: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(hex, 'hex'))
}
