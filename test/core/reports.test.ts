/** Results survive being packed; what is not whole is refused. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { countResults, packResults, unpackResults } from '../../src/core/reports.ts'
import { idText } from '../../src/core/task.ts'

const report = fc.record({
  id: fc.uuid(),
  attempt: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
  result: fc.uint8Array({ minLength: 64, maxLength: 64 }),
})

it('gives back what was packed, as views', () => {
  fc.assert(
    fc.property(fc.array(report), (reports) => {
      const packed = packResults(reports)
      expect(countResults(packed)).toBe(reports.length)
      const got = unpackResults(packed).map(({ key, attempt, result }) => {
        return { id: idText(key), attempt, result: new Uint8Array(result) }
      })
      expect(got).toEqual(reports.map((one) => ({ ...one, result: new Uint8Array(one.result) })))
    }),
  )
})

it('has 84 bytes for each: the id, the attempt, the result', () => {
  const id = '00112233-4455-6677-8899-aabbccddeeff'
  const packed = packResults([{ id, attempt: 258, result: new Uint8Array(64).fill(7) }])
  const hex = Buffer.from(packed).toString('hex')
  expect(hex).toBe(`00112233445566778899aabbccddeeff00000102${'07'.repeat(64)}`)
})

it('refuses records that are not whole', () => {
  for (const length of [1, 83, 85, 167]) {
    expect(() => unpackResults(new Uint8Array(length))).toThrow('records of 84 bytes')
  }
  expect(unpackResults(new Uint8Array())).toEqual([])
})
