/**
 * Nothing outlives its owner: machines that nobody claims, that reach nobody, whose time is over or
 * that AWS takes away; and a `tm up` that is killed while they boot.
 */

import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import type { Client } from '../../src/api/client.ts'
import type { Terms } from '../../src/api/contract/terms.ts'
import { packSha512 } from '../support/sha512-task.ts'
import { type Lab, openLab } from './lab.ts'
import { skipReason } from './needs.ts'
import { client, expectDone, health, upArgs, workers } from './operator.ts'
import { tasksOf } from './tasks.ts'
import { until } from './until.ts'

let lab: Lab

beforeAll(async () => {
  // Their two minutes pass in ten seconds.
  if (!skipReason) lab = await openLab({ standin: { delays: { spotNoticeMs: 10_000 } } })
})
beforeEach((context) => {
  if (skipReason) context.skip(skipReason)
})
afterAll(async () => await lab?.close())

const running = () => lab.standin.instances().filter(({ state }) => state === 'running')

it('a machine that can not get Node ends by itself, and up says why', async () => {
  // A minute of `shutdown` passes in a second.
  lab.set({ speed: 60 })
  lab.set({ dnfFailures: 1000 })
  const up = await lab.tm(...upArgs)
  expect(up.code).toBe(1)
  expect(up.stderr).toMatch(/Error: node-\d \(i-\w+\) has ended: Client.InstanceInitiatedShutdown/)
  expect(up.stderr).toMatch(
    /The last lines of its console:\n.* {2}tm: Node can't be installed: Error: Failed to download metadata/s,
  )
  await until(() => running().length === 0, 'both have ended')
  lab.set({ dnfFailures: 0 })
})

it('a machine that nobody claims ends by itself', async () => {
  const up = lab.start(...upArgs)
  await until(() => up.stderr().includes('✔ instance 2'), 'both are launched')
  up.kill()
  await up.done
  await until(() => running().length === 2, 'both run')
  await until(() => running().length === 0, 'both have ended')
  lab.set({ speed: 1 })
})

it('up is completed by another one, wherever it was killed while machines boot', async () => {
  for (let kill = 0; kill < 8; kill += 1) {
    const up = lab.start(...upArgs, '--idle-timeout', '10m', '--lost-after', '3s')
    await until(() => up.stderr().includes('✔ public addresses'), 'they have addresses')
    const from = performance.now()
    await until(() => performance.now() - from > kill * 250, 'some moments pass')
    up.kill()
    await up.done
  }
  expectDone(await lab.tm(...upArgs, '--idle-timeout', '10m', '--lost-after', '3s'))
  expect(
    running()
      .map(({ tags }) => tags['tm:id'])
      .sort(),
  ).toEqual(['node-1', 'node-2'])
  expect((await health(lab)).healthy).toBe(true)
})

it('worker_down ends exactly that worker', async () => {
  const node = client(lab, 'node-1')
  await node.enqueueTasks({ body: packSha512(tasksOf(12, 3_000_000)) })
  await until(() => workers(lab).length >= 2, 'two workers')
  const [one, other] = await until(async () => {
    const { workers: all } = await node.getState()
    const joined = all.filter(({ state }) => state === 'busy' || state === 'idle')
    return joined.length >= 2 ? joined : undefined
  }, 'both have joined')
  expect(await down(node, 'node-2-w-none')).toBeUndefined()
  await down(node, one?.id as string)
  const here = (id = '') => workers(lab).some(({ tags }) => tags['tm:id'] === id)
  await until(() => !here(one?.id), 'its machine has ended')
  expect(here(other?.id)).toBe(true)
})

it('a spot notice drains the worker, and its tasks are done', async () => {
  await until(
    async () => (await client(lab, 'node-1').getState()).queue.running === 0,
    'all is done',
  )
  expectDone(await lab.tm(...upArgs, '--spot', '--yes', '--worker-type', 'c7g.xlarge'))
  for (const { tags } of workers(lab)) await down(client(lab, 'node-1'), tags['tm:id'] as string)
  await until(() => workers(lab).length === 0, 'the workers from before are gone')
  const node = client(lab, 'node-1')
  const tasks = tasksOf(10, 6_000_000)
  await node.enqueueTasks({ body: packSha512(tasks) })
  const busy = await until(async () => {
    return (await node.getState()).workers.find(({ state }) => state === 'busy')
  }, 'a busy worker')
  const machine = lab.machine(busy.id)
  expect(machine.instance).toMatchObject({ spot: true, type: 'c7g.xlarge' })
  lab.standin.interrupt(machine.instance.id)
  await until(() => machine.journal().includes('AWS is about to reclaim'), 'it has seen it')
  await until(async () => {
    const state = (await node.getState()).workers.find(({ id }) => id === busy.id)?.state
    return state === 'draining' || state === undefined
  }, 'it drains')
  await until(async () => {
    const { queue } = await node.getState()
    return queue.queued + queue.running === 0
  }, 'all is done')
  const done = await node
    .lookupTasks({ json: { ids: tasks.map(({ id }) => id) } })
    .then(({ tasks }) => tasks)
  expect(done.map((task) => task?.state)).toEqual(tasks.map(() => 'succeeded'))
})

it('a worker that reaches no node any more ends by itself', async () => {
  const node = client(lab, 'node-1')
  await node.enqueueTasks({ body: packSha512(tasksOf(1, 1)) })
  await until(async () => {
    return (await node.getState()).workers.some(({ state }) => state === 'idle')
  }, 'an idle worker')
  for (const id of ['node-1', 'node-2']) lab.standin.shutdown(lab.machine(id).instance.id)
  await until(() => running().length === 0, 'nothing runs')
})

it('a worker whose program starts no more ends by itself, although its nodes are gone', async () => {
  expectDone(await lab.tm(...upArgs, '--idle-timeout', '10m'))
  // From here on a minute of `shutdown` passes in a second, for machines that are launched.
  lab.set({ speed: 60 })
  const node = client(lab, 'node-1')
  await node.enqueueTasks({ body: packSha512(tasksOf(1, 1)) })
  const worker = await until(async () => {
    return (await node.getState()).workers.find(({ state }) => state === 'idle')
  }, 'an idle worker')
  const machine = lab.machine(worker.id)
  await machine.exec('echo broken > /etc/tm/machine.json')
  machine.killUnit()
  for (const id of ['node-1', 'node-2']) lab.standin.shutdown(lab.machine(id).instance.id)
  await until(() => running().length === 0, 'nothing runs')
  lab.set({ speed: 1 })
})

it('a machine whose time is over ends by itself, and down leaves nothing', async () => {
  expectDone(await lab.tm(...upArgs, '--idle-timeout', '10m'))
  const node = client(lab, 'node-1')
  await node.enqueueTasks({ body: packSha512(tasksOf(1, 1)) })
  await until(() => workers(lab).length === 1, 'a worker')
  // The time of a cluster that runs already, too.
  const up = await lab.tm(...upArgs, '--ttl', '10m')
  expectDone(up)
  expect(up.stderr).toMatch(/the cluster ends at \d{4}-/)
  const kept = await lab.machine('node-1').exec('cat /var/lib/tm/claim.json')
  const { terms } = JSON.parse(kept) as { terms: Terms }
  expect((terms.endsAt ?? 0) - Date.now()).toBeGreaterThan(9 * 60_000)
  await node.configure({ json: { ...terms, endsAt: Date.now() } })
  await until(() => running().every(({ tags }) => tags['tm:id'] !== 'node-1'), 'it has ended')
  expectDone(await lab.tm('down', '--yes'))
  expect(await lab.leftovers()).toEqual([])
})

function down(node: Client, id: string) {
  return node.workerDown({ params: { instance_id: id }, json: { id } })
}
