/** Runs tasks of iterated SHA-512. Blocks its thread. */

import { createChain } from './chain.ts'
import type { Sha512Spec } from './sha512.ts'

export function createSha512() {
  const chain = createChain()
  return {
    run: (spec: unknown, body: Uint8Array, shouldStop: () => boolean) =>
      chain.run(body, (spec as Sha512Spec).iterations, shouldStop),
    warmUp: chain.warmUp,
  }
}
