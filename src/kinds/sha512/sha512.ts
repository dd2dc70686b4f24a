/**
 * Iterated SHA-512: `digest = sha512(body)`, then `iterations − 1` times `digest = sha512(digest)`
 * over the raw 64 bytes.
 */

import { TmError } from '../../core/errors.ts'
import { describeRange, type Range, requireInteger } from '../../core/integers.ts'
import type { Work } from '../../core/task.ts'
import { pluralize } from '../../core/text.ts'
import type { Kind } from '../kind.ts'

export interface Sha512Spec {
  iterations: number
}

/** Up to 2^53 − 1, the largest integer that JSON, SQLite and JavaScript all store exactly. */
export const iterationsRange: Range = { min: 1, max: Number.MAX_SAFE_INTEGER }

export const sha512: Kind<Sha512Spec> = {
  parse(given) {
    const { iterations } = (given ?? {}) as Partial<Sha512Spec>
    if (!Number.isSafeInteger(iterations) || Number(iterations) < 1) {
      throw new TmError('invalid', `iterations must be ${describeRange(iterationsRange)}`)
    }
    return { iterations: iterations as number }
  },

  /**
   * In blocks of 128 bytes: the first iteration hashes the body (with at least 17 bytes of padding,
   * FIPS 180-4, 5.1.2), each further iteration one block.
   */
  cost: ({ iterations }, size) => Math.ceil((size + 17) / 128) + iterations - 1,

  fields: ({ iterations }) => ({ iterations }),

  describe: ({ iterations }) => pluralize(iterations, 'iteration'),

  key: ({ iterations }) => String(iterations),

  showResult: (result) => ({
    result: Buffer.from(result.buffer, result.byteOffset, result.length).toString('hex'),
  }),
}

export function iterated(iterations: number): Work {
  return { kind: 'sha512', spec: JSON.stringify({ iterations } satisfies Sha512Spec) }
}

/** Parses a number of iterations. The error names the flag or parameter. */
export function readIterations(name: string, text: string | undefined): number {
  return requireInteger(name, text, iterationsRange)
}

/** The number of iterations, for checking a result. */
export function repetitions({ spec }: Work): number {
  return sha512.parse(JSON.parse(spec)).iterations
}
