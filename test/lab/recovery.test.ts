/**
 * A cluster on EC2 that goes on: with new tokens, with its nodes cut off from each other, with a backup
 * in place of a machine that is gone.
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import type { NodeState } from '../../src/api/client.ts'
import type { BackupResult } from '../../src/commands/backup.ts'
import { packSha512 } from '../support/sha512-task.ts'
import { type Lab, openLab } from './lab.ts'
import { skipReason } from './needs.ts'
import { client, expectDone, health, upArgs, workers } from './operator.ts'
import { tasksOf } from './tasks.ts'
import { until } from './until.ts'

let lab: Lab
let files: string[]

beforeAll(async () => {
  if (skipReason) return
  lab = await openLab()
  const folder = join(lab.folder, 'files')
  mkdirSync(folder)
  files = Array.from({ length: 30 }, (_, index) => join(folder, `file-${index}`))
  for (const file of files) writeFileSync(file, `body of ${file}`)
  expectDone(await lab.tm(...upArgs, '--max-workers', '1', '--idle-timeout', '3s', '--loan', '5s'))
})
beforeEach((context) => {
  if (skipReason) context.skip(skipReason)
})
afterAll(async () => await lab?.close())

const state = async (node: string): Promise<NodeState> => await client(lab, node).getState()
const idle = async (node: string) => {
  const { queue } = await state(node)
  return queue.queued + queue.running === 0
}

it('gets new tokens while it works, and keeps them when a node restarts', async () => {
  const long = tasksOf(3, 6_000_000)
  await client(lab, 'node-1').enqueueTasks({ body: packSha512(long) })
  await until(async () => (await state('node-1')).queue.running > 0, 'it works')
  const old = client(lab, 'node-1')
  const rotated = await lab.tm('rotate-tokens', '--json')
  expectDone(rotated)
  expect(JSON.parse(rotated.stdout)).toEqual({ cluster: 'default', left: [] })
  await expect(old.getState()).rejects.toMatchObject({ code: 'unauthorized' })
  await lab.machine('node-1').reboot()
  await until(async () => (await lab.tm('health')).code === 0, 'it is back')
  await expect(old.getState()).rejects.toMatchObject({ code: 'unauthorized' })
  await until(() => idle('node-1'), 'all is done')
  const done = await client(lab, 'node-1')
    .lookupTasks({ json: { ids: long.map(({ id }) => id) } })
    .then(({ tasks }) => tasks)
  expect(done.map((task) => task.state)).toEqual(long.map(() => 'succeeded'))
})

it('serves on both sides while its nodes can not reach each other, and lends again afterwards', async () => {
  const busy = tasksOf(40, 6_000_000)
  await client(lab, 'node-1').enqueueTasks({ body: packSha512(busy) })
  await until(async () => (await state('node-1')).limit.borrowed === 1, 'a loan')
  const other = lab.machine('node-2').instance.privateIp
  await lab.machine('node-1').exec(`ip route add blackhole ${other}/32`)

  const [there] = tasksOf(1, 1)
  if (there) await client(lab, 'node-2').enqueueTasks({ body: packSha512([there]) })
  await until(async () => (await state('node-1')).limit.borrowed === 0, 'the borrower gives up')
  await until(async () => (await state('node-2')).limit.lent === 0, 'the lender has its place back')
  await until(() => idle('node-2'), 'its own task is done')
  await until(async () => (await state('node-1')).workers.length <= 1, 'one worker of its own')
  expect((await state('node-2')).workers.length).toBeLessThanOrEqual(1)

  await lab.machine('node-1').exec(`ip route del blackhole ${other}/32`)
  await until(() => idle('node-1'), 'all is done')
  await until(() => workers(lab).length === 0, 'its own places are free')
  for (const [node, ids] of [
    ['node-1', busy.map(({ id }) => id)],
    ['node-2', there ? [there.id] : []],
  ] as const) {
    const tasks = await client(lab, node)
      .lookupTasks({ json: { ids: [...ids] } })
      .then(({ tasks }) => tasks)
    expect(tasks.map((task) => task.state)).toEqual(ids.map(() => 'succeeded'))
  }
  await client(lab, 'node-1').enqueueTasks({ body: packSha512(tasksOf(20, 4_000_000)) })
  await until(async () => (await state('node-1')).limit.borrowed === 1, 'a loan again')
  await until(() => idle('node-1'), 'all is done')
}, 300_000)

it('begins with a backup in place of a machine that is gone, and says what is lost', async () => {
  expectDone(await lab.tm('enqueue', '--wait', '--iterations', '2', ...files))
  const folder = join(lab.folder, 'backups')
  const backup = await lab.tm('backup', '--json', '--to', folder)
  expectDone(backup)
  const copies = (JSON.parse(backup.stdout) as BackupResult).files
  const before = (await state('node-2')).queue
  const { instance } = lab.machine('node-2')
  lab.standin.shutdown(instance.id)
  const isOn = () => lab.machines().some((machine) => machine.instance.id === instance.id)
  await until(() => !isOn(), 'it is gone')

  const restore = copies.find(({ node }) => node === 'node-2')?.file ?? ''
  const up = await lab.tm(...upArgs, '--restore', restore)
  expectDone(up)
  expect(up.stderr).toContain(`node-2 (${instance.id}) is gone, and the data on its disk is lost`)
  expect(up.stderr).toContain('node-2 was replaced and restored from its backup')
  expect((await state('node-2')).queue.succeeded).toBe(before.succeeded)
  expect((await health(lab)).healthy).toBe(true)

  const again = await lab.tm('enqueue', '--resume', '--iterations', '2', ...files)
  expectDone(again)
  expect(again.stderr).toContain('30 of them had been enqueued before.')
  expectDone(await lab.tm('down', '--yes'))
  expect(await lab.leftovers()).toEqual([])
}, 300_000)
