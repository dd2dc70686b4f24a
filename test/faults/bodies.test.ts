/** Bodies that are too large, have no end, or come one byte a second: refused or cut, and never held. */
import { expect } from 'vitest'
import { framesType } from '../../src/api/frames.ts'
import { resultsType } from '../../src/api/reports.ts'
import type { Role } from '../../src/core/tokens.ts'
import { it, type Raw, type ServedNode, untilQuiet, write } from './node.ts'

const MiB = 1024 ** 2
const endless = 8192 * MiB

/** Each with what a body of it is called, and who may send one. */
const takers: [route: string, type: string, role: Role][] = [
  ['PUT /enqueue?iterations=1', 'application/octet-stream', 'admin'],
  ['POST /v1/tasks', framesType, 'admin'],
  ['POST /v1/tasks/lookup', 'application/json', 'admin'],
  ['POST /v1/results/pulled', 'application/json', 'node'],
  ['PATCH /v1/settings', 'application/json', 'admin'],
  ['PUT /v1/siblings', 'application/json', 'admin'],
  ['PUT /v1/provision', 'application/json', 'admin'],
  ['POST /v1/leases/claim', 'application/json', 'worker'],
  ['POST /v1/leases/renew', 'application/json', 'worker'],
  ['POST /v1/leases/fail', 'application/json', 'worker'],
  ['POST /v1/leases/release', 'application/json', 'worker'],
  ['POST /v1/leases/complete', resultsType, 'worker'],
  ['PUT /v1/workers/someone', 'application/json', 'worker'],
  ['POST /worker_down/someone', 'application/json', 'worker'],
  ['POST /v1/join', 'application/json', 'worker'],
]

function head(route: string, type: string, token: string, length: string): string {
  const host = 'host: localhost\r\n'
  return `${route} HTTP/1.1\r\n${host}authorization: Bearer ${token}\r\ncontent-type: ${type}\r\n${length}\r\n\r\n`
}

/** What a body begins with, so that it could go on for ever: JSON that stays open, or a frame. */
function start(type: string): Uint8Array {
  if (type === framesType) return new Uint8Array([0, 0, 0, 2, 0xff, 0xff, 0xff, 0xff, 123, 125])
  return Buffer.from(type === 'application/json' ? '{"ids":["' : 'abc')
}

/** Sends 8 GiB of it, or as much as is taken before it is cut off. Gives how much that was. */
async function pour(raw: Raw, first: Uint8Array, isChunked: boolean): Promise<number> {
  const piece = Buffer.alloc(MiB, 'a')
  const wrap = (bytes: Uint8Array) =>
    isChunked
      ? Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])
      : bytes
  let sent = first.length
  let isOpen = await write(raw.socket, wrap(first))
  const wrapped = wrap(piece)
  while (isOpen && sent < endless && !raw.socket.readableEnded) {
    isOpen = await write(raw.socket, wrapped)
    sent += MiB
  }
  raw.socket.destroy()
  return sent
}

async function expectWell(node: ServedNode, before: number, slowest: number, more: number) {
  expect(slowest).toBeLessThan(1000)
  expect(await node.works()).toBe(true)
  expect((node.memory() - before) / MiB).toBeLessThan(more)
  expect(node.errors()).toEqual([])
}

it('that are too large are refused, announced or not', { timeout: 120_000 }, async ({ node }) => {
  await node.warmUp()
  const before = node.memory()
  const probe = node.probe()
  const lengths = [`content-length: ${endless}`, 'transfer-encoding: chunked']
  for (const length of lengths) {
    await Promise.all(
      takers.map(async ([route, type, role]) => {
        const raw = await node.open()
        raw.socket.write(head(route, type, node.token(role), length))
        const sent = await pour(raw, start(type), length.includes('chunked'))
        await raw.closed
        // Answered, and not read for long: what comes after a refusal is drained for half a second.
        expect([route, length, raw.statuses()]).toEqual([route, length, [413]])
        expect(sent).toBeLessThan(endless)
      }),
    )
  }
  await expectWell(node, before, await probe.end(), 200)
})

it('are not held for whoever has no valid token', { timeout: 60_000 }, async ({ node }) => {
  await node.warmUp()
  const before = node.memory()
  const probe = node.probe()
  await Promise.all(
    takers.slice(0, 5).map(async ([route, type]) => {
      const raw = await node.open()
      raw.socket.write(head(route, type, 'tm_admin_x_nonsense', 'transfer-encoding: chunked'))
      await pour(raw, start(type), true)
      await raw.closed
      expect([route, raw.statuses()]).toEqual([route, [401]])
    }),
  )
  await expectWell(node, before, await probe.end(), 200)
})

it('of one byte a second hold up nobody else', { timeout: 60_000 }, async ({ node }) => {
  await node.warmUp()
  const before = node.memory()
  const probe = node.probe()
  const slow = await Promise.all(
    [...takers, ...takers, ...takers].map(async ([route, type, role]) => {
      const raw = await node.open()
      raw.socket.write(head(route, type, node.token(role), `content-length: ${4 * MiB}`))
      raw.socket.write(start(type))
      return raw
    }),
  )
  const drip = setInterval(() => {
    for (const { socket } of slow) if (socket.writable) socket.write('a')
  }, 1000)
  await untilQuiet(slow)
  for (let times = 0; times < 20; times += 1) expect(await node.works()).toBe(true)
  clearInterval(drip)
  for (const { socket } of slow) socket.destroy()
  await expectWell(node, before, await probe.end(), 200)
})

/** Sends a body of 5 MiB, as a client does that has it ready; its status, and how long that took. */
async function sendLarge(node: ServedNode) {
  const began = performance.now()
  const answer = await fetch(`${node.url}/enqueue?iterations=1`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${node.token()}` },
    body: new Uint8Array(5 * MiB),
  })
  return { status: answer.status, ms: performance.now() - began }
}

const lengths = ['transfer-encoding: chunked', `content-length: ${60 * MiB}`]
const large = takers.slice(0, 2).flatMap((taker) => lengths.map((length) => ({ taker, length })))

it('that pause hold no room for what has not come', { timeout: 60_000 }, async ({ node }) => {
  await node.warmUp()
  const paused = await Promise.all(
    large.map(async ({ taker: [route, type, role], length }) => {
      const raw = await node.open()
      raw.socket.write(head(route, type, node.token(role), length))
      raw.socket.write(length.includes('chunked') ? 'ff\r\nabc' : start(type))
      return raw
    }),
  )
  const { status, ms } = await sendLarge(node)
  expect(status).toBe(201)
  expect(ms).toBeLessThan(1000)
  for (const { socket } of paused) socket.destroy()
})

it('that fill the memory and stall make room for others', { timeout: 60_000 }, async ({ node }) => {
  await node.warmUp()
  const stalled = await Promise.all(
    [1, 2, 3].map(async () => {
      const raw = await node.open()
      const length = `content-length: ${64 * MiB}`
      raw.socket.write(head('PUT /enqueue?iterations=1', 'x/y', node.token(), length))
      for (let sent = 0; sent < 50; sent += 1) raw.socket.write(Buffer.alloc(MiB))
      return raw
    }),
  )
  await untilQuiet(stalled)
  // Again while there is room: on a busy machine the memory fills slowly.
  const cut = async () => {
    const { status, ms } = await sendLarge(node)
    expect(status).toBe(201)
    expect(ms).toBeLessThan(3000)
    return stalled.filter((raw) => raw.statuses().includes(408)).length
  }
  await expect.poll(cut, { timeout: 30_000 }).toBeGreaterThan(0)
  for (const { socket } of stalled) socket.destroy()
  expect(await node.works()).toBe(true)
  expect(node.errors()).toEqual([])
})
