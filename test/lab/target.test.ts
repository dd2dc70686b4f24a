/** A batch with a target on EC2: workers are launched together, and leave when they no longer pay. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type Lab, openLab } from './lab.ts'
import { skipReason } from './needs.ts'
import { client, expectDone, upArgs, workers } from './operator.ts'
import { until } from './until.ts'

let lab: Lab

beforeAll(async () => {
  if (skipReason) return
  lab = await openLab()
})
beforeEach((context) => {
  if (skipReason) context.skip(skipReason)
})
afterAll(async () => await lab?.close())

const tasks = 40

it('launches all workers that the target takes, at once, after one has tried', async () => {
  const policy = ['--policy', 'target', '--target', '15s', '--max-workers', '4']
  expectDone(await lab.tm(...upArgs, '--nodes', '1', ...policy))
  const to = join(lab.folder, 'out')
  const line = 'sleep 2; echo {n} > {out}'
  const run = lab.tm('run', line, '--times', String(tasks), '--out', '{n}', '--to', to)
  await until(() => workers(lab).length === 4, 'four workers')
  expectDone(await run)
  expect(readdirSync(to)).toHaveLength(tasks)
  const ever = lab.standin.instances().filter(({ tags }) => tags['tm:kind'] === 'worker')
  expect(ever).toHaveLength(4)
})

it('ends them after the minute that is paid for anyway, without anybody', async () => {
  await until(() => workers(lab).length === 0, 'no worker is left', 120_000)
  const { scaling, queue } = await client(lab, 'node-1').getState()
  expect(scaling.reason).toBe('no backlog: nothing to do (0 active workers)')
  expect(queue).toMatchObject({ succeeded: tasks, failed: 0 })
  expectDone(await lab.tm('down', '--yes'))
  expect(lab.machines()).toHaveLength(0)
})
