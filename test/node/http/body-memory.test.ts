/** Who gets memory for a body: what has arrived counts, the oldest always gets on, and a holder moves. */
import { expect, it } from 'vitest'
import {
  type BodyMemory,
  type BodyMemoryOptions,
  createBodyMemory,
} from '../../../src/node/http/body-memory.ts'

const quick = {
  stall: { limitMs: 200, bytesPerSecond: 10 },
  patienceMs: { first: 150, later: 60_000 },
}
const create = (options: Partial<BodyMemoryOptions> = {}) =>
  createBodyMemory({ bytes: 10, freeBytes: 0, ...quick, ...options })

/** A client that sends as the test says, and what became of its request. */
function client(memory: BodyMemory) {
  const share = memory.open()
  let controller!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (given) => {
      controller = given
    },
  })
  let taken = 0
  const ended = (async () => {
    try {
      for await (const piece of share.receive(body)) taken += piece.length
      return 'received'
    } catch (error) {
      share.release()
      return (error as { code: string }).code
    }
  })()
  return {
    send: (size: number) => controller.enqueue(new Uint8Array(size)),
    end: () => controller.close(),
    ended,
    release: () => share.release(),
    taken: () => taken,
    async untilTaken(size: number) {
      while (taken < size) await new Promise((resolve) => setTimeout(resolve, 5))
    },
  }
}

/** All that would happen by itself has happened. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 50))

it('what is announced takes no room: only what has arrived does', async () => {
  const memory = create()
  const paused = [client(memory), client(memory), client(memory)]
  for (const one of paused) one.send(1)
  const other = client(memory)
  other.send(7)
  other.end()
  expect(await other.ended).toBe('received')
})

it('gives room back when it is released, to the oldest first', async () => {
  const memory = create()
  const [first, second, third] = [client(memory), client(memory), client(memory)] as const
  first.send(8)
  await first.untilTaken(8)
  second.send(2)
  await second.untilTaken(2)
  first.end()
  expect(await first.ended).toBe('received')
  second.send(4)
  third.send(6)
  await settled()
  expect([second.taken(), third.taken()]).toEqual([2, 0])
  first.release()
  await second.untilTaken(6)
  expect(third.taken()).toBe(0)
  second.release()
  await third.untilTaken(6)
})

it('lets the oldest go over the limit, so that one always gets on', async () => {
  const memory = create()
  const one = client(memory)
  one.send(8)
  one.send(1000)
  one.end()
  expect(await one.ended).toBe('received')
  expect(one.taken()).toBe(1008)
})

it('refuses a newcomer soon while all room is in use: it has lost nothing', async () => {
  const memory = create({ stall: { limitMs: 60_000, bytesPerSecond: 10 } })
  const holder = client(memory)
  holder.send(10)
  await holder.untilTaken(10)
  const newcomer = client(memory)
  newcomer.send(1)
  expect(await newcomer.ended).toBe('busy')
  holder.end()
  expect(await holder.ended).toBe('received')
})

it('takes the room of a holder that stalls, if another one waits', async () => {
  const memory = create({ patienceMs: { first: 60_000, later: 60_000 } })
  const holder = client(memory)
  holder.send(10)
  await holder.untilTaken(10)
  const other = client(memory)
  other.send(5)
  await other.untilTaken(5)
  expect(await holder.ended).toBe('timeout')
})

it('leaves a slow holder alone while nobody waits', async () => {
  const memory = create()
  const holder = client(memory)
  holder.send(10)
  await new Promise((resolve) => setTimeout(resolve, 500))
  holder.end()
  expect(await holder.ended).toBe('received')
})

it('does not blame a holder whose body is being stored', async () => {
  const memory = create()
  const holder = client(memory)
  holder.send(10)
  holder.end()
  expect(await holder.ended).toBe('received')
  const other = client(memory)
  other.send(1)
  expect(await other.ended).toBe('busy')
})

it('never lets small bodies wait', async () => {
  const memory = create({ freeBytes: 5 })
  const holder = client(memory)
  holder.send(15)
  await holder.untilTaken(15)
  const small = Array.from({ length: 20 }, () => client(memory))
  for (const one of small) {
    one.send(5)
    one.end()
  }
  expect(await Promise.all(small.map(({ ended }) => ended))).toEqual(small.map(() => 'received'))
})
