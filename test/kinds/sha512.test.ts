// The SHA-512 kernel against node:crypto: message lengths around every padding case, long chains,
// big bodies and cancellation; and whether the committed WebAssembly is what its source builds.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildKernelSource } from '../../kernel/build.ts'
import { createChain } from '../../src/kinds/sha512/chain.ts'

const chain = createChain()

describe('sha512 chain', () => {
  it('hashes bodies of every length around the first padding cases', () => {
    for (let length = 0; length <= 300; length += 1) {
      const body = patterned(length)
      expect(hex(chain.run(body, 1)), `length ${length}`).toBe(expected(body, 1))
    }
  })

  it('agrees with node:crypto on any body and number of iterations', () => {
    const bodies = fc.uint8Array({ maxLength: 2000 })
    const iterations = fc.integer({ min: 1, max: 200 })
    fc.assert(
      fc.property(bodies, iterations, (body, count) => {
        expect(hex(chain.run(body, count))).toBe(expected(body, count))
      }),
    )
  })

  it.each([65_407, 65_408, 65_519, 65_520, 65_535, 65_536, 65_537, 131_072, 5 * 2 ** 20])(
    'hashes a body of %d bytes, around or beyond one window',
    (length) => {
      const body = patterned(length)
      expect(hex(chain.run(body, 2))).toBe(expected(body, 2))
    },
  )

  it('hashes a view into a larger buffer, and leaves it unchanged', () => {
    const body = patterned(300).subarray(17, 217)
    expect(hex(chain.run(body, 3))).toBe(expected(patterned(300).slice(17, 217), 3))
    expect(body).toEqual(patterned(300).subarray(17, 217))
  })

  it.each([16_383, 16_384, 16_385, 16_386, 32_768, 32_769, 32_770])(
    'continues over chunks for %d iterations',
    (iterations) => {
      expect(hex(chain.run(patterned(64), iterations))).toBe(expected(patterned(64), iterations))
    },
  )

  it('gives a digest that later runs leave alone', () => {
    const first = chain.run(patterned(10), 5)
    chain.run(patterned(11), 5)
    expect(hex(first)).toBe(expected(patterned(10), 5))
  })

  it('keeps chains apart', () => {
    const stopAfterUse = () => {
      createChain().run(patterned(9), 2)
      return false
    }
    const digest = chain.run(patterned(64), 40_000, stopAfterUse)
    expect(hex(digest)).toBe(expected(patterned(64), 40_000))
  })

  it('warms up without effect on results', () => {
    chain.warmUp()
    expect(hex(chain.run(patterned(64), 7))).toBe(expected(patterned(64), 7))
  })

  it.each([0, -1, 1.5, NaN, Infinity, 2 ** 53])('refuses %d iterations', (iterations) => {
    expect(() => chain.run(patterned(1), iterations)).toThrow(RangeError)
  })
})

describe('cancellation of a sha512 chain', () => {
  it('ends an endless chain, and the next run is right', () => {
    let asked = 0
    const shouldStop = () => {
      asked += 1
      return asked === 3
    }
    expect(chain.run(patterned(64), Number.MAX_SAFE_INTEGER, shouldStop)).toBeUndefined()
    expect(asked).toBe(3)
    expect(hex(chain.run(patterned(64), 2))).toBe(expected(patterned(64), 2))
  })

  it('ends within a big body', () => {
    expect(chain.run(patterned(2 ** 20), 1, () => true)).toBeUndefined()
  })

  it('is not asked for in a short task', () => {
    expect(hex(chain.run(patterned(64), 100, () => true))).toBe(expected(patterned(64), 100))
  })
})

describe('sha512 kernel', () => {
  it('is committed as its source builds it', async () => {
    const file = new URL('../../src/kinds/sha512/kernel.wasm.ts', import.meta.url)
    expect(await buildKernelSource()).toBe(readFileSync(file, 'utf8'))
  })
})

function expected(body: Uint8Array, iterations: number): string {
  let digest = body
  for (let i = 0; i < iterations; i += 1) digest = createHash('sha512').update(digest).digest()
  return hex(digest)
}

function hex(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? 'stopped' : Buffer.from(bytes).toString('hex')
}

function patterned(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 131 + (i >> 8) * 29 + 7) & 0xff)
}
