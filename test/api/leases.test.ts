import { expect, it } from 'vitest'
import { packLeases, refsIn, type StoredLease, unpackLeases } from '../../src/api/leases.ts'

const id = (n: number) => `01997a5e-4b7e-7cc2-8f6a-${String(n).padStart(12, '0')}`

function lease(n: number, kind: string, spec: object): StoredLease {
  const body = new Uint8Array([n, n])
  const write = (target: Uint8Array) => target.set(body)
  return { id: id(n), attempt: n, kind, spec: JSON.stringify(spec), cost: 10 * n, size: 2, write }
}

it('arrive as they were packed, whatever stands beside them', () => {
  const works = [
    lease(1, 'sha512', { iterations: 1 }),
    lease(2, 'sha512', { iterations: 1 }),
    lease(3, 'sha512', { iterations: 2 }),
    lease(4, 'other', { iterations: 2 }),
    lease(5, 'sha512', { iterations: 1 }),
    lease(6, 'sha512', { iterations: 1 }),
  ]
  const unpacked = unpackLeases(packLeases(works).frames)
  expect(unpacked).toEqual(
    works.map(({ id, attempt, kind, spec, cost }) => {
      const body = new Uint8Array([attempt, attempt])
      return { id, attempt, kind, spec: JSON.parse(spec), cost, body }
    }),
  )
})

it('say once what neighbours have in common, and share it', () => {
  const leases = [1, 2, 3].map((n) => lease(n, 'sha512', { iterations: 7 }))
  const { frames } = packLeases(leases)
  expect(Buffer.from(frames).toString('latin1').split('iterations')).toHaveLength(2)
  const [first, second, third] = unpackLeases(frames)
  expect(second?.spec).toBe(first?.spec)
  expect(third?.spec).toBe(first?.spec)
})

it('are named by id and attempt, also one whose body is still in the store', () => {
  const small = packLeases([lease(1, 'sha512', {}), lease(2, 'sha512', {})])
  expect(refsIn(small)).toEqual([
    { id: id(1), attempt: 1 },
    { id: id(2), attempt: 2 },
  ])
  const { write: _, ...large } = lease(3, 'sha512', {})
  expect(refsIn(packLeases([large]))).toEqual([{ id: id(3), attempt: 3 }])
})
