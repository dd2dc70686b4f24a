/** Workers whose machines need a setup, as their node sees them. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { NodeState } from '../../src/api/client.ts'
import { hashOfSetup, type Setup } from '../../src/core/setup.ts'
import { sha512Task } from '../support/sha512-task.ts'
import { createTestNode, type TestNode } from './harness.ts'

const broken: Setup = { packages: ['ffmpg'], timeout: 60_000 }
const mended: Setup = { packages: ['ffmpeg'], timeout: 60_000 }

let setup: Setup | undefined
let node: TestNode

beforeEach(async () => {
  setup = broken
  node = await createTestNode({
    settings: { maxWorkers: 3, scaleAfter: 0, bootTimeout: 60_000 },
    setup: () => setup,
    configure: async () => {},
  })
  await node.queue.enqueue([sha512Task()])
})
afterEach(() => node.close())

const state = async () => (await (await node.request('/v1/state')).json()) as NodeState

async function tick(seconds: number): Promise<void> {
  node.bench.time.steady += seconds * 1000
  node.bench.time.wall += seconds * 1000
  await node.scaler.tick()
}
/** What the worker of the newest machine sends. */
async function beat(worker: string, more: object): Promise<void> {
  const body = { slots: 1, running: 0, draining: false, ...more }
  const answer = await node.send('PUT', `/v1/workers/${worker}`, body, {
    as: 'worker',
    subject: worker,
  })
  expect(answer.status).toBe(200)
}

async function fail(worker: string, of: Setup): Promise<void> {
  const failedSetup = {
    hash: hashOfSetup(of),
    why: 'dnf install -y ffmpg: exit 1 after 2 s',
    lines: ['Last metadata check: 0:00:01 ago', 'No match for argument: ffmpg'],
  }
  const body = { id: worker, failedSetup }
  const who = { as: 'worker', subject: worker } as const
  const answer = await node.send('POST', `/worker_down/${worker}`, body, who)
  expect(answer.status).toBe(200)
}

/** `tm up` sends the terms, changed or not. */
async function configure(): Promise<void> {
  const group = 'sg-1'
  const workers = { types: [], images: {}, subnets: [], group, publicAddress: true, spot: false }
  const terms = { workers: { ...workers, volumeSize: 8 }, ...(setup ? { setup } : {}) }
  expect((await node.send('PUT', '/v1/provision', terms)).status).toBe(200)
}

const running = (of: Setup, line = '') => ({
  setup: { hash: hashOfSetup(of), running: { beganAt: 5, line } },
})
const done = (of: Setup) => ({ setup: { hash: hashOfSetup(of) } })
const launched = () => [...node.bench.machines.keys()]
const lastWords =
  'setup failed: dnf install -y ffmpg: exit 1 after 2 s: No match for argument: ffmpg'

/** The next machine that comes, after as many ticks as its back-off takes. */
async function nextMachine(): Promise<string> {
  const before = new Set(launched())
  for (let n = 0; n < 70; n += 1) {
    await tick(1)
    const fresh = launched().find((id) => !before.has(id))
    if (fresh) return fresh
  }
  throw new Error('none came')
}

describe('a worker that sets its machine up', () => {
  it('gets the setup from its node', async () => {
    const answer = await node.request('/v1/setup', { as: 'worker' })
    expect(await answer.json()).toEqual({ setup: broken })
    setup = undefined
    expect(await (await node.request('/v1/setup', { as: 'worker' })).json()).toEqual({})
  })

  it('is shown with its last line, and has longer than a boot may take', async () => {
    const worker = await nextMachine()
    await beat(worker, running(broken, 'Installing: gdal'))
    const [shown] = (await state()).workers
    const preparing = { beganAt: 5, line: 'Installing: gdal' }
    expect(shown).toMatchObject({ id: worker, state: 'preparing', preparing })
    for (let n = 0; n < 30; n += 1) {
      await beat(worker, running(broken))
      await tick(10)
    }
    expect(node.bench.terminated).toEqual([])
    await beat(worker, done(broken))
    expect((await state()).workers[0]).toMatchObject({ id: worker, state: 'idle' })
  })

  it('that fails is explained, and another is tried', async () => {
    await fail(await nextMachine(), broken)
    const { problems, failedSetup } = await state()
    expect(problems).toEqual([`can't launch workers: ${lastWords} (worker node-1-w-1)`])
    expect(failedSetup).toEqual({
      worker: 'node-1-w-1',
      at: node.bench.time.wall,
      why: 'dnf install -y ffmpg: exit 1 after 2 s',
      lines: ['Last metadata check: 0:00:01 ago', 'No match for argument: ffmpg'],
    })
    expect(await nextMachine()).toBe('node-1-w-2')
  })
})

describe('a setup that fails on two machines and worked on none', () => {
  beforeEach(async () => {
    await fail(await nextMachine(), broken)
    await fail(await nextMachine(), broken)
    node.bench.machines.clear()
  })

  it('is tried on no other, however long tasks wait', async () => {
    for (let n = 0; n < 100; n += 1) await tick(60)
    expect(launched()).toEqual([])
    const why = `${lastWords} (on 2 machines, and on none it worked)`
    const { problems, scaling } = await state()
    expect(problems).toEqual([`can't launch workers: ${why}`])
    expect(scaling.reason).toBe(`no worker is launched: ${why}`)
  })

  it('is tried again when it was changed, and nothing is said of the old one', async () => {
    setup = mended
    await configure()
    const worker = await nextMachine()
    const { problems, failedSetup } = await state()
    expect([problems, failedSetup]).toEqual([[], undefined])
    await beat(worker, done(mended))
  })

  it('is tried again when tm up runs again', async () => {
    await configure()
    expect(await nextMachine()).toBe('node-1-w-3')
  })

  it('is remembered by a node that starts again', async () => {
    expect(await node.store.documents.load('setup')).toMatchObject({
      failures: 2,
      hasWorked: false,
    })
  })

  it('ends no worker that an earlier one has prepared', async () => {
    const worker = 'node-1-w-9'
    node.bench.machines.set(worker, {
      id: worker,
      kind: 'worker',
      cluster: 'test',
      node: 'node-1',
      launchedAt: 0,
    })
    await beat(worker, done(mended))
    await tick(1)
    expect(node.bench.terminated).toEqual([])
  })
})

describe('a setup that has worked', () => {
  it('may fail later without an end of all launches', async () => {
    await beat(await nextMachine(), done(broken))
    node.bench.machines.clear()
    for (let n = 0; n < 3; n += 1) await fail(await nextMachine(), broken)
    expect(await nextMachine()).toBe('node-1-w-5')
  })

  it('is replaced: idle workers go, busy ones when they have done their tasks', async () => {
    const worker = await nextMachine()
    await beat(worker, { ...done(broken), running: 1 })
    setup = mended
    await tick(1)
    expect(node.bench.terminated).toEqual([])
    await beat(worker, done(broken))
    await tick(1)
    await expect.poll(() => node.bench.terminated).toEqual([worker])
  })

  it('ends no worker that has just joined, and does not know its setup yet', async () => {
    const worker = await nextMachine()
    await beat(worker, { setup: { running: { beganAt: 5, line: '' } } })
    await tick(1)
    expect(node.bench.terminated).toEqual([])
    await beat(worker, { setup: {} })
    await tick(1)
    await expect.poll(() => node.bench.terminated).toEqual([worker])
  })

  it('is shown as failed until it works again, whatever older workers say', async () => {
    const old = await nextMachine()
    await beat(old, { ...done(broken), running: 1 })
    await node.queue.enqueue([sha512Task()])
    const next = await nextMachine()
    await fail(next, broken)
    await beat(old, { ...done(broken), running: 1 })
    expect((await state()).failedSetup?.worker).toBe(next)
    await configure()
    expect((await state()).failedSetup?.worker).toBe(next)
    const third = await nextMachine()
    await beat(third, done(broken))
    expect((await state()).failedSetup).toBeUndefined()
  })

  it.each([
    ['goes silent', () => {}, /its machine gave no sign of life any more: Compiling$/],
    [
      'has ended',
      () => {
        node.bench.lastWords = 'Client.InstanceInitiatedShutdown'
        node.bench.machines.clear()
      },
      /^worker node-1-w-\d ended before it joined: Client.Inst\w+.\w+: Compiling$/,
    ],
  ])('counts as failed if its machine %s', async (_, happens, why) => {
    for (let n = 0; n < 2; n += 1) {
      const worker = await nextMachine()
      await beat(worker, running(broken, 'Compiling'))
      happens()
      for (let s = 0; s < 70; s += 1) await tick(1)
    }
    const { scaling } = await state()
    expect(scaling.reason).toMatch(/^no worker is launched: setup failed: /)
    const { why: said = '', lines = [] } = (await state()).failedSetup ?? {}
    expect(`${said}: ${lines.at(-1)}`).toMatch(why)
  })

  it('says nothing of a worker that has done another one', async () => {
    const worker = await nextMachine()
    await fail(worker, mended)
    expect((await state()).failedSetup).toBeUndefined()
  })
})
