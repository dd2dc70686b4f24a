/** Connections that say nothing, say it slowly, or say too much before they come to the point. */
import { expect } from 'vitest'
import { it, type Raw, type ServedNode, write } from './node.ts'

const MiB = 1024 ** 2

const many = (count: number, node: ServedNode): Promise<Raw[]> =>
  Promise.all(Array.from({ length: count }, () => node.open()))

async function expectWell(node: ServedNode, before: number, slowest: number, more: number) {
  expect(slowest).toBeLessThan(1000)
  expect(await node.works()).toBe(true)
  expect((node.memory() - before) / MiB).toBeLessThan(more)
  expect(node.errors()).toEqual([])
}

it('1,000 that say nothing, and slow headers, are cut after 10 s', { timeout: 90_000 }, async ({
  node,
}) => {
  await node.warmUp()
  const before = node.memory()
  const probe = node.probe()
  const idle = await many(1000, node)
  const slow = await many(50, node)
  for (const { socket } of slow) socket.write('GET /healthz HTTP/1.1\r\nhost: localhost\r\nx: ')
  const drip = setInterval(() => {
    for (const { socket } of slow) if (socket.writable) socket.write('a')
  }, 1000)
  // While they are there, others are served.
  for (let times = 0; times < 20; times += 1) expect(await node.works()).toBe(true)
  const begun = performance.now()
  await Promise.all([...idle, ...slow].map(({ closed }) => closed))
  clearInterval(drip)
  // With a word where there is somebody to hear it.
  expect(slow.map(({ statuses }) => statuses())).toEqual(slow.map(() => [408]))
  expect(performance.now() - begun).toBeLessThan(20_000)
  await expectWell(node, before, await probe.end(), 60)
})

it('bodies that stand still, or come a byte a second, are cut after 30 s', {
  timeout: 90_000,
}, async ({ node }) => {
  await node.warmUp()
  const begun = performance.now()
  const slow = await many(20, node)
  for (const { socket } of slow) {
    const authorization = `authorization: Bearer ${node.token()}`
    const lines = ['PUT /enqueue?iterations=1 HTTP/1.1', 'host: a', authorization]
    socket.write(`${lines.join('\r\n')}\r\ncontent-length: 1000\r\n\r\na`)
  }
  const drip = setInterval(() => {
    for (const { socket } of slow.slice(10)) if (socket.writable) socket.write('a')
  }, 1000)
  await Promise.all(slow.map(({ closed }) => closed))
  clearInterval(drip)
  expect(slow.map(({ statuses }) => statuses())).toEqual(slow.map(() => [408]))
  expect(performance.now() - begun).toBeGreaterThan(25_000)
  expect(await node.works()).toBe(true)
})

it('floods of headers are refused: 431, in whatever form', { timeout: 60_000 }, async ({
  node,
}) => {
  await node.warmUp()
  const before = node.memory()
  const probe = node.probe()
  const forms = [
    () => `x: ${'a'.repeat(MiB)}\r\n`,
    () => `${'a'.repeat(MiB)}: x\r\n`,
    () => Array.from({ length: 20_000 }, (_, index) => `x-${index}: a\r\n`).join(''),
    () => 'a: b\r\n'.repeat(100_000),
    () => `authorization: Bearer ${'a'.repeat(MiB)}\r\n`,
    () => `cookie: ${'a=b; '.repeat(100_000)}\r\n`,
  ]
  for (const form of forms) {
    const raws = await many(50, node)
    await Promise.all(
      raws.map(async (raw) => {
        await write(
          raw.socket,
          `PUT /enqueue?iterations=1 HTTP/1.1\r\nhost: localhost\r\n${form()}`,
        )
        await raw.closed
      }),
    )
    // Whoever goes on talking may be cut off before he has heard it.
    const heard = raws.flatMap(({ statuses }) => statuses())
    expect(heard.every((status) => status === 431)).toBe(true)
  }
  const raw = await node.open()
  raw.socket.write(`GET /${'a'.repeat(20_000)} HTTP/1.1\r\nhost: localhost\r\n\r\n`)
  await raw.closed
  expect(raw.statuses()).toEqual([431])
  await expectWell(node, before, await probe.end(), 60)
})

it('100,000 requests with bad tokens are refused one by one', { timeout: 90_000 }, async ({
  node,
}) => {
  await node.warmUp()
  const before = node.memory()
  const probe = node.probe()
  const mac = 'a'.repeat(43)
  const tokens = ['', 'Bearer', 'Bearer x', `Bearer tm_admin_faults_${mac}`, `Basic ${mac}`]
  const [lanes, connections, rounds, batch] = [20, 10, 10, 50]
  const statuses: number[] = []
  const lane = Array.from({ length: lanes }, async (_, index) => {
    for (let connection = 0; connection < connections; connection += 1) {
      const raw = await node.open()
      for (let round = 1; round <= rounds; round += 1) {
        const requests = Array.from({ length: batch }, (_, nth) => {
          const subject = `w${index}-${connection}-${round}-${nth}`
          const token = nth < tokens.length ? tokens[nth] : `Bearer tm_worker_${subject}_${mac}`
          const [method, length] = nth % 2 ? ['GET', ''] : ['PUT', 'content-length: 1\r\n']
          const path = nth % 2 ? '/v1/state' : '/enqueue?iterations=1'
          const lines = `host: localhost\r\nauthorization: ${token}\r\n${length}`
          return `${method} ${path} HTTP/1.1\r\n${lines}\r\n${length && 'a'}`
        })
        await write(raw.socket, requests.join(''))
        await raw.answers(round * batch)
      }
      statuses.push(...raw.statuses())
      raw.socket.destroy()
    }
  })
  await Promise.all(lane)
  expect(statuses).toHaveLength(lanes * connections * rounds * batch)
  expect(new Set(statuses)).toEqual(new Set([401]))
  // It levels off at 130 MiB, however many follow.
  await expectWell(node, before, await probe.end(), 200)
})
