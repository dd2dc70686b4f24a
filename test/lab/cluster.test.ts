/**
 * A cluster on EC2 from `tm up` to `tm down`, on instances that boot: the commands as they are, the
 * user-data as it is, TLS, proofs, claims, workers that join. One life, told in order.
 */

import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { operatorPolicy } from '../../src/provider/ec2/iam/policies.ts'
import { packSha512 } from '../support/sha512-task.ts'
import { type Lab, openLab } from './lab.ts'
import { skipReason } from './needs.ts'
import { client, expectDone, health, upArgs, workers } from './operator.ts'
import { tasksOf } from './tasks.ts'
import { until } from './until.ts'

let lab: Lab
const dnfFailures = 2
/** A worker of node-1 that had work. */
let lastBusy = ''

beforeAll(async () => {
  if (skipReason) return
  lab = await openLab({ dnfFailures })
  const { account, region } = lab.standin
  // With the rights that docs/aws.md gives the operator, and no more.
  lab.standin.setOperatorPolicy(operatorPolicy({ account, region, partition: 'aws' }))
})
beforeEach((context) => {
  if (skipReason) context.skip(skipReason)
})
afterAll(async () => await lab?.close())

function digest(body: Buffer, iterations: number): string {
  let hash = createHash('sha512').update(body).digest()
  for (let n = 1; n < iterations; n += 1) hash = createHash('sha512').update(hash).digest()
  return hash.toString('hex')
}

it('goes up: both nodes boot, prove themselves, and get their program and their owner', async () => {
  const up = await lab.tm(...upArgs, '--idle-timeout', '4s', '--max-workers', '2')
  expectDone(up)
  expect(up.stderr).toMatch(/✔ public addresses: 203\.0\.113\.\d+, 203\.0\.113\.\d+ /)
  expect(up.stderr).toMatch(/✔ health: node-1 healthy, node-2 healthy/)
  const { healthy, nodes } = await health(lab)
  expect(healthy).toBe(true)
  expect(nodes.map(({ url }) => new URL(url).protocol)).toEqual(['https:', 'https:'])
  expect(
    lab
      .machine('node-1')
      .console()
      .match(/can't be installed/g),
  ).toHaveLength(dnfFailures)
})

it('is the same when asked again, and changes what is new', async () => {
  const before = lab.standin.calls.filter(({ action }) => action === 'RunInstances').length
  expectDone(await lab.tm(...upArgs, '--max-workers', '3'))
  const after = lab.standin.calls.filter(({ action }) => action === 'RunInstances').length
  expect(after).toBe(before)
  expect((await health(lab)).nodes.map(({ limit }) => limit?.own)).toEqual([3, 3])
})

it('does 200 files right, on workers that its nodes launch', async () => {
  lab.set({ dnfFailures: 0 })
  const folder = join(lab.folder, 'files')
  mkdirSync(folder)
  const files = Array.from({ length: 200 }, (_, index) => {
    const file = join(folder, `file-${index}`)
    writeFileSync(file, Buffer.alloc(index * 300, `body of ${index} `))
    return file
  })
  const enqueue = await lab.tm('enqueue', '--json', '--wait', '--iterations', '1000', ...files)
  expectDone(enqueue)
  const { tasks } = JSON.parse(enqueue.stdout) as { tasks: { file: string; result: string }[] }
  expect(tasks).toHaveLength(200)
  for (const { file, result } of tasks) expect(result).toBe(digest(readFileSync(file), 1000))
  for (const worker of workers(lab)) {
    expect(worker).toMatchObject({
      shutdownBehavior: 'terminate',
      metadata: { tokens: 'required' },
    })
    expect(worker.profile).toBeUndefined()
  }
})

it('runs any command on its workers, and brings the outputs here', async () => {
  const files = [0, 1, 2].map((index) => join(lab.folder, 'files', `file-${index + 1}`))
  const to = join(lab.folder, 'gzipped')
  const line = 'gzip < {in} > {out}; hostname >&2'
  const run = await lab.tm('run', line, ...files, '--out', '{name}.gz', '--to', to, '--json')
  expectDone(run)
  expect(JSON.parse(run.stdout)).toMatchObject({ tasks: 3, failed: [] })
  for (const file of files) {
    const packed = readFileSync(join(to, `${basename(file)}.gz`))
    expect(gunzipSync(packed)).toEqual(readFileSync(file))
  }
})

it('scales by the four rules, and loses nothing when node and worker die', async () => {
  await until(() => workers(lab).length === 0, 'idle workers leave')
  const node = client(lab, 'node-1')
  const tasks = tasksOf(40, 4_000_000)
  await node.enqueueTasks({ body: packSha512(tasks) })
  await until(async () => (await node.getState()).limit.borrowed > 0, 'a loan')
  await until(() => workers(lab).length >= 4, 'a worker in a borrowed place')
  const rules = [
    ...lab
      .machine('node-1')
      .journal()
      .matchAll(/"rule":(\d)/g),
  ].map(([, rule]) => rule)
  expect(rules).toEqual(expect.arrayContaining(['1', '3', '4']))

  const busy = await until(async () => {
    const { workers: all } = await node.getState()
    return all.find(({ state }) => state === 'busy')
  }, 'a busy worker')
  lab.machine(busy.id).killUnit()
  await lab.machine('node-1').reboot()
  await until(async () => (await node.getState().catch(() => undefined))?.id, 'the node is back')

  await until(async () => {
    const { queue, workers: all } = await node.getState()
    lastBusy = all.find(({ state }) => state === 'busy')?.id ?? lastBusy
    return queue.queued + queue.running === 0
  }, 'all is done')
  const done = await node
    .lookupTasks({ json: { ids: tasks.map(({ id }) => id) } })
    .then(({ tasks }) => tasks)
  expect(done.map((task) => task?.state)).toEqual(tasks.map(() => 'succeeded'))
}, 240_000)

it('lets idle workers go, and their machines with them; their logs stay', async () => {
  await until(() => workers(lab).length === 0, 'no worker is left')
  expect(lab.machines()).toHaveLength(2)
  const ended = await lab.tm('logs', lastBusy)
  expectDone(ended)
  expect(ended.stdout).toMatch(/"msg":"stopped"/)
  expect(ended.stderr).toContain(`${lastBusy} has ended.`)
  const node = await lab.tm('logs', 'node-1', '--lines', '1000')
  expectDone(node)
  expect(node.stdout).toMatch(/"msg":"scaling"/)
})

it('has a reason in health when workers do not come up', async () => {
  lab.set({ dnfFailures: 1000 })
  await client(lab, 'node-1').changeSettings({ json: { bootTimeout: 8000 } })
  const [file = ''] = [join(lab.folder, 'files/file-1')]
  expectDone(await lab.tm('enqueue', '--iterations', '1', file))
  const said = await until(async () => {
    const { nodes } = await health(lab)
    return nodes.flatMap(({ problems }) => problems).find((text) => /did not join/.test(text))
  }, 'a reason')
  expect(said).toMatch(/^can't launch workers: worker node-\d-w-\w+ did not join in time/)
  const [never = ''] = /node-\d-w-\w+/.exec(said) ?? []
  const shown = await lab.tm('logs', never)
  expectDone(shown)
  expect(shown.stdout).toContain("tm: Node can't be installed")
  lab.set({ dnfFailures: 0 })
  await until(async () => (await lab.tm('health')).code === 0, 'it recovers')
})

it('refuses a node that shows another certificate', async () => {
  const machine = lab.machine('node-2')
  const swap = async (from: string, to: string) =>
    await machine.exec(`cd /var/lib/tm && for f in key cert; do mv $f${from} $f${to}; done`)
  await swap('.pem', '.own')
  machine.killUnit()
  await until(async () => {
    const { stdout } = await lab.tm('health', '--json')
    return stdout.includes('its certificate is not the certificate of this node')
  }, 'the other certificate is seen')
  await machine.exec('rm /var/lib/tm/key.pem /var/lib/tm/cert.pem')
  await swap('.own', '.pem')
  machine.killUnit()
  await until(async () => (await lab.tm('health')).code === 0, 'its own one is back')
})

it('goes down, and nothing is left', async () => {
  const down = await lab.tm('down', '--yes', '--json')
  expectDone(down)
  const { removed, remaining } = JSON.parse(down.stdout)
  expect(removed.map(({ kind }: { kind: string }) => kind)).toEqual(
    expect.arrayContaining(['node', 'group', 'profile', 'role']),
  )
  expect(remaining).toEqual([])
  expect(await lab.leftovers()).toEqual([])
  const again = await lab.tm('down', '--yes')
  expectDone(again)
  expect(again.stderr).toMatch(/Nothing is left/)
})
