/** Results survive being packed; what is not whole is refused. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  countResults,
  packedBytes,
  packResults,
  type ResultReport,
  unpackResults,
} from '../../src/api/reports.ts'
import { idText } from '../../src/core/task.ts'

const report = fc.record(
  {
    id: fc.uuid(),
    attempt: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
    result: fc.uint8Array({ maxLength: 100 }),
    outputs: fc.uint8Array({ maxLength: 100 }),
  },
  { requiredKeys: ['id', 'attempt', 'result'] },
)

/** Equal bytes are equal, whatever they are a view of. */
const plain = ({ outputs, ...one }: ResultReport) => ({
  ...one,
  result: new Uint8Array(one.result),
  ...(outputs ? { outputs: new Uint8Array(outputs) } : {}),
})

it('gives back what was packed, as views', () => {
  fc.assert(
    fc.property(fc.array(report), (reports) => {
      const packed = packResults(reports as ResultReport[])
      expect(countResults(packed)).toBe(reports.length)
      const sizes = reports.map((one) => packedBytes(one as ResultReport))
      expect(packed.length).toBe(sizes.reduce((sum, size) => sum + size, 0))
      const got = unpackResults(packed).map(({ key, ...rest }) =>
        plain({ id: idText(key), ...rest }),
      )
      expect(got).toEqual(reports.map((one) => plain(one as ResultReport)))
    }),
  )
})

it('has the id, the attempt, the length and the result of each', () => {
  const id = '00112233-4455-6677-8899-aabbccddeeff'
  const packed = packResults([{ id, attempt: 258, result: new Uint8Array(64).fill(7) }])
  const hex = Buffer.from(packed).toString('hex')
  expect(hex).toBe(`00112233445566778899aabbccddeeff0000010200000040${'07'.repeat(64)}`)
})

it('has the outputs behind the result, and says so in the highest bit of the length', () => {
  const id = '00112233-4455-6677-8899-aabbccddeeff'
  const bytes = (fill: number) => new Uint8Array(2).fill(fill)
  const packed = packResults([{ id, attempt: 1, result: bytes(7), outputs: bytes(8) }])
  const hex = Buffer.from(packed).toString('hex')
  expect(hex).toBe(
    '00112233445566778899aabbccddeeff000000018000000207070000000208 08'.replace(' ', ''),
  )
  for (const length of [packed.length - 1, packed.length - 3, packed.length - 5]) {
    expect(() => unpackResults(packed.slice(0, length))).toThrow('end inside a record')
  }
})

it('refuses records that are not whole', () => {
  for (const length of [1, 83, 85, 167]) {
    expect(() => unpackResults(new Uint8Array(length))).toThrow('end inside a record')
  }
  expect(unpackResults(new Uint8Array())).toEqual([])
})
