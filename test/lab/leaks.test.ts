/**
 * Every way in which a machine could run on although nobody has anything of it ends with no machine: nodes
 * that are forgotten, programs that hang, systems that do not shut down, dates that are wrong.
 */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { packSha512 } from '../support/sha512-task.ts'
import { type Lab, type Machine, openLab } from './lab.ts'
import { skipReason } from './needs.ts'
import { client, expectDone, upArgs } from './operator.ts'
import { tasksOf } from './tasks.ts'
import { until } from './until.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

let lab: Lab

beforeAll(async () => {
  if (!skipReason) lab = await openLab()
})
beforeEach((context) => {
  if (skipReason) context.skip(skipReason)
})
afterAll(async () => await lab?.close())

const running = () => lab.standin.instances().filter(({ state }) => state === 'running')
const runs = (id: string) => running().some(({ tags }) => tags['tm:id'] === id)
const ends = async (id: string) => await until(() => !runs(id), `${id} ends`)
/** Milliseconds until its guard ends it, unless it is of use. */
function left({ root }: Machine): number {
  const [end, now] = ['/run/tm-ends/unless-used', '/run/lab-uptime'].map((file) =>
    Number.parseFloat(readFileSync(root() + file, 'utf8')),
  )
  return ((end ?? 0) - (now ?? 0)) * 1000
}
/** So long that the guard of a machine has looked several times. */
const stays = async (id: string) => {
  const from = performance.now()
  await until(() => performance.now() - from > 5000, 'its guard has looked')
  expect(runs(id)).toBe(true)
}
const up = async (...more: string[]) =>
  expectDone(await lab.tm(...upArgs, '--idle-timeout', '10m', ...more))

/** A worker that has nothing to do; its results are pulled. */
async function idleWorker(node: string) {
  await client(lab, node).enqueueTasks({ body: packSha512(tasksOf(1, 1)) })
  const worker = await until(async () => {
    const { workers, queue } = await client(lab, node).getState()
    return queue.unpulled > 0 ? workers.find(({ state }) => state === 'idle') : undefined
  }, 'an idle worker')
  return lab.machine(worker.id)
}

it('a machine whose systemd starts nothing, and shuts nothing down, ends', async () => {
  // A minute of it passes in a second.
  lab.set({ broken: ['systemctl enable', 'systemctl restart', 'shutdown'], speed: 60 })
  const started = lab.start(...upArgs, '--nodes', '1')
  await until(() => running().length === 1, 'it runs')
  await until(() => running().length === 0, 'no machine after 15 minutes and some')
  expect((await started.done).stderr).toContain('has ended')
  lab.set({ broken: [], speed: 1 })
})

it('a node that nobody asks for a day ends, but never while it holds results', async () => {
  await up('--nodes', '1')
  const worker = await idleWorker('node-1')
  const node = lab.machine('node-1')
  for (let n = 0; n < 3; n += 1) {
    await until(() => left(node) > 6.9 * day, 'it has its week, as it holds a result')
    node.skip(6 * day)
    await stays('node-1')
  }
  expectDone(await lab.tm('pull', '--top', '10'))
  await until(async () => {
    await client(lab, 'node-1').getState()
    return left(node) < day
  }, 'it has a day, as it holds nothing any more')
  node.skip(22 * hour)
  await stays('node-1')
  node.skip(2 * hour)
  await ends('node-1')
  await until(() => {
    // Its node may have answered it once more while it shut down.
    worker.skip(20 * minute)
    return running().length === 0
  }, 'no machine after a day and some')
  expectDone(await lab.tm('down', '--yes'))
})

it('a cluster with --ttl ends by the time that has passed, if the date is wrong', async () => {
  await up('--nodes', '1', '--ttl', '30m')
  const node = client(lab, 'node-1')
  const kept = await lab.machine('node-1').exec('cat /var/lib/tm/claim.json')
  const { terms } = JSON.parse(kept)
  await node.configure({ json: { ...terms, endsAt: Date.now() + 30 * day, endsInMs: 20 * minute } })
  const worker = await idleWorker('node-1')
  worker.skip(25 * minute)
  lab.machine('node-1').skip(10 * minute)
  await stays('node-1')
  await until(() => !worker.isOn(), 'its worker has ended')
  lab.machine('node-1').skip(10 * minute)
  await until(() => running().length === 0, 'no machine after 20 minutes')
  expectDone(await lab.tm('down', '--yes'))
})

it('a machine that can not read when it ends is gone in 15 minutes', async () => {
  await up('--nodes', '1')
  await idleWorker('node-1')
  const node = lab.machine('node-1')
  await node.exec('echo never > /run/tm-ends/limit')
  await stays('node-1')
  node.skip(16 * minute)
  await ends('node-1')
  expectDone(await lab.tm('down', '--yes'))
  expect(await lab.leftovers()).toEqual([])
})

// The last one: whoever runs it in the machine stops with it (nsenter(1)), and the lab boots nothing after that.
it('a worker that hangs ends when its nodes are gone', async () => {
  await up('--nodes', '1')
  const worker = await idleWorker('node-1')
  worker.killUnit('tm.service', 'SIGSTOP')
  lab.standin.shutdown(lab.machine('node-1').instance.id)
  await until(() => lab.machines().length === 1, 'its node is gone')
  const id = worker.instance.tags['tm:id'] ?? ''
  worker.skip(20 * minute)
  await stays(id)
  worker.skip(10 * minute)
  await until(() => running().length === 0, 'no machine after 30 minutes')
  expectDone(await lab.tm('down', '--yes'))
})
