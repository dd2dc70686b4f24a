/** Room for so many bytes: nobody is let in beyond it, and everybody comes in in the end. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createRoom } from '../../src/node/room.ts'

it('lets in what fits, and the next ones in the order in which they came', async () => {
  const room = createRoom(10)
  const order: string[] = []
  const enter = async (name: string, size: number) => {
    const leave = await room.take(size)
    order.push(name)
    return leave
  }
  const [a, b, c] = [enter('a', 6), enter('b', 6), enter('c', 1)]
  const leaveA = await a
  // There would be room for c: but then a large one might never have its turn.
  expect(order).toEqual(['a'])
  leaveA()
  await Promise.all([b, c])
  expect(order).toEqual(['a', 'b', 'c'])
})

it('gives all of it to what is larger', async () => {
  const room = createRoom(10)
  const leave = await room.take(1000)
  let isIn = false
  const next = room.take(1).then(() => {
    isIn = true
  })
  await Promise.resolve()
  expect(isIn).toBe(false)
  leave()
  await next
})

it('never holds more than its size, whatever comes', async () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 15 }), { minLength: 1, maxLength: 40 })
  await fc.assert(
    fc.asyncProperty(sizes, fc.infiniteStream(fc.nat(3)), async (wanted, turns) => {
      const room = createRoom(10)
      let held = 0
      await Promise.all(
        wanted.map(async (size) => {
          const leave = await room.take(size)
          held += Math.min(size, 10)
          expect(held).toBeLessThanOrEqual(10)
          for (let n = turns.next().value as number; n > 0; n -= 1) await Promise.resolve()
          held -= Math.min(size, 10)
          leave()
        }),
      )
      expect(held).toBe(0)
    }),
  )
})
