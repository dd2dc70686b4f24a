/** The last lines of the logs of a node and its workers: a few are kept, and only admins may read them. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLogs } from '../../src/node/logs.ts'
import { createTail, maxLineLength } from '../../src/runtime/tail.ts'
import { createTestNode, type TestNode } from './harness.ts'

describe('the last lines of a log', () => {
  it('are those that were added last, and what is new after a part', () => {
    const tail = createTail(3)
    tail.add('a\nb\n')
    expect(tail.read({ count: 10 })).toEqual({ lines: ['a', 'b'], next: 2 })
    expect(tail.read({ count: 1 })).toEqual({ lines: ['b'], next: 2 })
    tail.add('c\n')
    tail.add('d\ne\n')
    expect(tail.read({ count: 10 })).toEqual({ lines: ['c', 'd', 'e'], next: 5 })
    expect(tail.read({ count: 10, after: 4 })).toEqual({ lines: ['e'], next: 5 })
    expect(tail.read({ count: 10, after: 5 })).toEqual({ lines: [], next: 5 })
  })

  it('come in parts, and skip what is no longer kept', () => {
    const tail = createTail(3)
    tail.add('a\nb\nc\nd\ne\n')
    expect(tail.read({ count: 2, after: 0 })).toEqual({ lines: ['c', 'd'], next: 4 })
    expect(tail.read({ count: 2, after: 4 })).toEqual({ lines: ['e'], next: 5 })
  })

  it('begin again after a restart of the node', () => {
    const tail = createTail(3)
    tail.add('a\n')
    expect(tail.read({ count: 10, after: 99 })).toEqual({ lines: ['a'], next: 1 })
  })

  it('are cut when they are long', () => {
    const tail = createTail(3)
    tail.add('x'.repeat(10 * maxLineLength))
    expect(tail.read({ count: 1 }).lines).toEqual(['x'.repeat(maxLineLength)])
  })

  it('are kept of the workers that were heard of last', () => {
    const logs = createLogs('node-1', createTail(1))
    for (let n = 1; n <= 100; n += 1) logs.add(`w-${n}`, ['a'])
    logs.add('w-1', ['b'])
    logs.add('w-101', ['a'])
    expect(logs.read('w-1', { count: 9 })?.lines).toEqual(['a', 'b'])
    expect(logs.read('w-2', { count: 9 })).toBeUndefined()
    expect(logs.read('w-101', { count: 9 })?.lines).toEqual(['a'])
  })
})

describe('GET /v1/logs/{id}', () => {
  let node: TestNode
  const tail = createTail(100)
  beforeEach(async () => {
    node = await createTestNode({ tail })
  })
  afterEach(() => node.close())

  const beat = (log?: string[]) =>
    node.send(
      'PUT',
      '/v1/workers/w1',
      { slots: 1, running: 0, draining: false, log },
      { as: 'worker' },
    )
  const read = async (path: string) => await (await node.request(`/v1/logs/${path}`)).json()

  it('has the lines of the node itself', async () => {
    tail.add('{"msg":"serving"}\n')
    expect(await read('node-1')).toEqual({ lines: ['{"msg":"serving"}'], next: 1, ended: false })
    expect(await read('node-1?after=1')).toEqual({ lines: [], next: 1, ended: false })
  })

  it('has what a worker sends with its heartbeats, also after its end', async () => {
    await beat()
    expect(await read('w1')).toEqual({ lines: [], next: 0, ended: false })
    await beat(['one', 'two'])
    await beat(['three'])
    expect(await read('w1?lines=2')).toEqual({ lines: ['two', 'three'], next: 3, ended: false })
    await node.send('POST', '/worker_down/w1', { id: 'w1', log: ['stopped'] }, { as: 'worker' })
    expect(await read('w1?after=3')).toEqual({ lines: ['stopped'], next: 4, ended: true })
  })

  it('is 404 for a machine that the node does not know, and 400 for what is no id', async () => {
    expect((await node.request('/v1/logs/w9')).status).toBe(404)
    expect((await node.request('/v1/logs/..%2Fsecret')).status).toBe(400)
    expect((await node.request('/v1/logs/node-1?lines=0')).status).toBe(400)
  })

  it('is for admins only', async () => {
    await beat(['one'])
    expect((await node.request('/v1/logs/w1', { as: 'worker' })).status).toBe(403)
    expect((await node.request('/v1/logs/w1', { as: 'node' })).status).toBe(403)
  })

  it('takes a limited number of lines at once', async () => {
    expect((await beat(Array.from({ length: 101 }, () => 'x'))).status).toBe(400)
    expect((await beat(['x'.repeat(maxLineLength + 1)])).status).toBe(400)
  })
})
