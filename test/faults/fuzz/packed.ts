/** Bodies that are no JSON: frames and packed results, whole and damaged. */
import fc, { type Arbitrary } from 'fast-check'
import { encodeFrames } from '../../../src/api/frames.ts'
import { packResults } from '../../../src/api/reports.ts'
import type { Known } from './generate.ts'

/** A stream of frames, whole or cut off, with one byte changed, or with more than it should have. */
export function frames(known: Known): Arbitrary<Uint8Array> {
  const header = fc.oneof(
    fc.record({
      id: fc.oneof(fc.uuid(), fc.constantFrom(...known)),
      iterations: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.maxSafeInteger(), fc.double()),
    }),
    fc.jsonValue(),
  )
  const body = fc.uint8Array({ maxLength: 50 }).map((bytes) => new Uint8Array(bytes))
  return damaged(fc.array(fc.record({ header, body }), { maxLength: 5 }).map(encodeFrames))
}

export function results(known: Known): Arbitrary<Uint8Array> {
  const report = fc.record({
    id: fc.oneof(fc.constantFrom(...known), fc.uuid()),
    attempt: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 2 ** 32 - 1 })),
    result: fc.uint8Array({ minLength: 64, maxLength: 64 }),
  })
  return damaged(fc.array(report, { maxLength: 5 }).map(packResults))
}

function damaged(whole: Arbitrary<Uint8Array>): Arbitrary<Uint8Array> {
  return fc
    .tuple(whole, fc.nat({ max: 9 }), fc.nat(), fc.nat({ max: 255 }))
    .map(([bytes, how, place, byte]) => {
      const at = bytes.length > 0 ? place % bytes.length : 0
      if (how === 0) return bytes.slice(0, at)
      if (how === 1) return bytes.map((old, index) => (index === at ? byte : old))
      return bytes
    })
}
