/** What running commands write, while somebody looks. */
import { expect, it } from 'vitest'
import { createLiveLogs, type LogPiece } from '../../src/node/live-logs.ts'

function setUp() {
  const time = { ms: 0 }
  return { time, logs: createLiveLogs(() => time.ms) }
}
const piece = (from: number, text: string, stream: LogPiece['stream'] = 'stdout'): LogPiece => ({
  stream,
  from,
  to: from + text.length,
  text,
})
const textsOf = ({ pieces }: { pieces: { text: string }[] }) => pieces.map(({ text }) => text)

it('are kept while somebody asks, and say where the worker is to go on', async () => {
  const { logs } = setUp()
  logs.add('a', 1, [piece(0, 'nobody looks')])
  logs.watch('a', 1, 'w1')
  expect(await logs.watchedOf('w1', 1e6)).toEqual([{ id: 'a', attempt: 1 }])
  expect(await logs.watchedOf('w2', 0)).toEqual([])
  logs.add('a', 1, [piece(10, 'one'), piece(0, 'err', 'stderr')])
  logs.add('a', 2, [piece(0, 'of another attempt')])
  const first = logs.read('a', 0)
  expect(first).toEqual({
    pieces: [
      { stream: 'stdout', text: 'one', missed: 10 },
      { stream: 'stderr', text: 'err', missed: 0 },
    ],
    next: 2,
  })
  expect(await logs.watchedOf('w1', 1e6)).toEqual([{ id: 'a', attempt: 1, stdout: 13, stderr: 3 }])
  logs.add('a', 1, [piece(13, 'two')])
  expect(textsOf(logs.read('a', first.next))).toEqual(['two'])
  expect(textsOf(logs.read('a', 3))).toEqual([])
  expect(textsOf(logs.read('a', 99))).toEqual(['one', 'err', 'two'])
})

it('take a piece that is sent again only once, and tell what is missing', () => {
  const { logs } = setUp()
  logs.watch('a', 1, 'w1')
  logs.add('a', 1, [piece(0, 'one')])
  logs.add('a', 1, [piece(0, 'one')])
  logs.add('a', 1, [piece(50, 'two')])
  expect(logs.read('a', 0).pieces).toMatchObject([{ text: 'one', missed: 0 }, { missed: 47 }])
})

it('are forgotten when nobody has asked for a while', async () => {
  const { logs, time } = setUp()
  logs.watch('a', 1, 'w1')
  logs.add('a', 1, [piece(0, 'one')])
  time.ms = 9000
  logs.watch('b', 1, 'w1')
  time.ms = 10_500
  expect(await logs.watchedOf('w1', 0)).toEqual([{ id: 'b', attempt: 1 }])
  expect(logs.read('a', 0)).toEqual({ pieces: [], next: 0 })
})

it('wake a worker that waits, and nobody else; and all of them when the node stops', async () => {
  const { logs } = setUp()
  const mine = logs.watchedOf('w1', 1e6)
  const other = logs.watchedOf('w2', 1e6)
  logs.watch('a', 1, 'w1')
  expect(await mine).toEqual([{ id: 'a', attempt: 1 }])
  logs.close()
  expect(await other).toEqual([])
  expect(await logs.watchedOf('w2', 1e6)).toEqual([])
  expect(await setUp().logs.watchedOf('w1', 10)).toEqual([])
  const left = new AbortController()
  const waiting = setUp().logs.watchedOf('w1', 1e6, left.signal)
  left.abort()
  expect(await waiting).toEqual([])
})

it('begin anew with another attempt, behind what was read', () => {
  const { logs } = setUp()
  logs.watch('a', 1, 'w1')
  logs.add('a', 1, [piece(0, 'one')])
  const { next } = logs.read('a', 0)
  logs.watch('a', 2, 'w2')
  expect(logs.read('a', next)).toEqual({ pieces: [], next })
  logs.add('a', 2, [piece(0, 'two')])
  expect(textsOf(logs.read('a', next))).toEqual(['two'])
})

it('have a bound: of one task, and of all', async () => {
  const { logs } = setUp()
  logs.watch('a', 1, 'w1')
  for (let n = 0; n < 20; n += 1) logs.add('a', 1, [piece(n * 60_000, 'x'.repeat(60_000))])
  expect(logs.read('a', 0).pieces).toHaveLength(8)
  expect(logs.read('a', 19).pieces).toHaveLength(1)
  for (let n = 0; n < 150; n += 1) logs.watch(`task ${n}`, 1, 'w9')
  expect(await logs.watchedOf('w9', 0)).toHaveLength(100)
})
