/** Which of the workers that wait gets the next task. */
import { v7 } from 'uuid'
import { afterEach, expect, it } from 'vitest'
import { unpackLeases } from '../../src/api/leases.ts'
import { sha512Task } from '../support/sha512-task.ts'
import { createTestNode, type TestNode } from './harness.ts'

let node: TestNode
afterEach(() => node.close())

const claim = async (worker: string, wait = 600_000) => {
  const request = { worker, max: 1, maxWork: 1e9, maxBytes: 1e6, wait }
  return unpackLeases((await node.queue.claim(request)).frames).map(({ id }) => id)
}

async function enqueue(): Promise<string> {
  const task = sha512Task({ id: v7(), iterations: 1, body: new Uint8Array() })
  await node.queue.enqueue([task])
  return task.id
}

it('the one that had work last: a trickle keeps one worker busy', async () => {
  node = await createTestNode()
  for (const worker of ['w1', 'w2', 'w3']) {
    const id = await enqueue()
    expect(await claim(worker, 0)).toEqual([id])
    node.bench.time.steady += 1000
  }
  const idle = [claim('w1'), claim('w2')]
  for (let task = 0; task < 3; task += 1) {
    const waiting = claim('w3')
    // It has asked the store, and waits.
    await node.queue.stats()
    const id = await enqueue()
    expect(await waiting).toEqual([id])
  }
  const [second, first] = [await enqueue(), await enqueue()]
  expect((await Promise.all(idle)).flat().sort()).toEqual([second, first].sort())
})
