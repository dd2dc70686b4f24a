/**
 * A task that kills whoever works on it: given up after five attempts, with the reason. Each worker it
 * has killed is replaced, and the queue goes on.
 */

import { v7 } from 'uuid'
import { expect } from 'vitest'
import { it, until } from '../e2e/harness.ts'
import { endless, expected } from '../e2e/work.ts'
import { packSha512, sha512Task } from '../support/sha512-task.ts'

const text = (words: string) => new TextEncoder().encode(words)

it('is given up after five attempts', { timeout: 180_000 }, async ({ box }) => {
  const cluster = box.cluster('faults-deadly')
  await cluster.up('--nodes', '1', '--max-workers', '1', '--lease', '2s', '--tick', '50ms')
  const node = cluster.node('node-1')
  const [deadly, behind] = [v7(), v7()]
  await node.enqueueTasks({ body: packSha512([{ id: deadly, ...endless }]) })
  const killed = new Set<string>()
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    const worker = await until(`attempt ${attempt} runs`, async () => {
      const task = await node.getTask({ params: { id: deadly } })
      return task.state === 'running' && task.attempts === attempt && task.worker
    })
    if (attempt === 1)
      await node.enqueueTasks({
        body: packSha512([sha512Task({ id: behind, iterations: 7, body: text('behind it') })]),
      })
    const victim = await until('it is a process', async () => {
      return (await cluster.processes('worker')).find(({ id }) => id === worker)?.pid
    })
    process.kill(victim, 'SIGKILL')
    killed.add(worker)
  }
  expect(killed.size, 'each time another worker').toBe(5)
  await until(
    'it is failed',
    async () => (await node.getTask({ params: { id: deadly } })).state === 'failed',
  )
  const { error, attempts, failures } = await node.getTask({ params: { id: deadly } })
  expect({ attempts, failures }).toEqual({ attempts: 5, failures: 5 })
  expect(error).toMatch(/worker node-1-w-\w+ did not renew its lease.*\(5 failed attempts\)/)

  await until(
    'the one behind is done',
    async () => (await node.getTask({ params: { id: behind } })).state === 'succeeded',
  )
  expect(await node.getTask({ params: { id: behind } })).toMatchObject({
    result: expected('behind it', 7),
  })
  const { workers, problems } = await node.getState()
  // The last one it killed: until another worker is well, it may have been the machine.
  const early = /^can't launch workers: worker node-1-w-\w+ ended \d\.\d s after it joined$/
  expect(problems.filter((problem) => !early.test(problem))).toEqual([])
  for (const { id } of workers) expect(killed).not.toContain(id)
})
