/** All kinds of work, by name. A new one is a folder beside `sha512/` and a line here. */
import type { Kind } from './kind.ts'
import { createChain } from './sha512/chain.ts'

export type KindName = 'sha512'

export const kinds: Record<KindName, () => Kind> = {
  sha512() {
    const chain = createChain()
    return {
      run: ({ body, iterations }, shouldStop) => chain.run(body, iterations, shouldStop),
      warmUp: chain.warmUp,
    }
  },
}
