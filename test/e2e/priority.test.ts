/** A worker's slots go before its other threads, where threads have priorities of their own. */

import { readdirSync, readFileSync } from 'node:fs'
import { v7 } from 'uuid'
import { expect } from 'vitest'
import { packSha512 } from '../support/sha512-task.ts'
import { it, until } from './harness.ts'
import { endless } from './work.ts'

/** Of every thread: proc_pid_stat(5), field 19. */
function niceness(pid: number): Map<number, number> {
  const threads = readdirSync(`/proc/${pid}/task`).map((tid) => {
    const stat = readFileSync(`/proc/${pid}/task/${tid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return [Number(tid), Number(fields[16])] as const
  })
  return new Map(threads)
}

it('slots go first', { timeout: 60_000 }, async ({ box, skip }) => {
  if (process.platform !== 'linux') skip('NOT TESTED: priorities of threads are Linux’s')
  const cluster = box.cluster('first')
  await cluster.up('--nodes', '1', '--max-workers', '1', '--slots', '2')
  const node = cluster.node('node-1')
  await node.enqueueTasks({ body: packSha512([{ id: v7(), ...endless }]) })
  await until('it works', async () => (await node.getState()).queue.running === 1)
  const [worker] = await cluster.processes('worker')
  const threads = niceness(worker?.pid ?? 0)
  const own = niceness(process.pid).get(process.pid) ?? 0
  expect(threads.get(worker?.pid ?? 0)).toBe(10)
  const others = [...threads.values()].filter((nice) => nice === own)
  expect(others.length).toBeGreaterThanOrEqual(2)
})
