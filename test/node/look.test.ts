/** How often a node asks EC2 which machines run, and what it says when it gets no answer. */
import { afterEach, describe, expect, it } from 'vitest'
import type { NodeState } from '../../src/api/client.ts'
import { withDefaults } from '../../src/core/settings.ts'
import { createLook } from '../../src/node/look.ts'
import { createWorkers } from '../../src/node/workers.ts'
import { createContext } from '../../src/provider/ec2/aws/context.ts'
import { ec2Provider } from '../../src/provider/ec2/ec2.ts'
import type { Machine } from '../../src/provider/provider.ts'
import { createTestNode, type TestNode } from './harness.ts'

/** A node's workers on EC2, with an answer of EC2 that the test gives, over simulated time. */
function open() {
  let now = 1_000_000
  const asked: { at: number; filters: string[] }[] = []
  const running = new Map<string, string>()
  const instance = ([id, state]: [string, string]) => ({
    InstanceId: `i-${id}`,
    State: { Name: state },
    PrivateIpAddress: '172.31.0.7',
    Tags: Object.entries({ 'tm:id': id, 'tm:kind': 'worker', 'tm:node': 'node-1' }).map(
      ([Key, Value]) => ({ Key, Value }),
    ),
  })
  const ec2 = {
    async send({ input }: { input: { Filters: { Name: string; Values: string[] }[] } }) {
      asked.push({ at: now, filters: input.Filters.map(({ Name, Values }) => `${Name}=${Values}`) })
      return { Reservations: [{ Instances: [...running].map(instance) }] }
    },
  }
  const retry = { now: () => now, sleep: async () => {}, random: () => 0.5 }
  const aws = createContext({ ec2, iam: ec2, sts: ec2 } as never, 'us-east-1', retry)
  const provider = ec2Provider({ aws, cluster: 'c', shapes: {}, bootScript: () => '' })
  const workers = createWorkers({
    node: 'node-1',
    provider,
    newId: () => 'w1',
    async launch(id) {
      running.set(id, 'running')
      return { id, kind: 'worker', cluster: 'c', node: 'node-1', launchedAt: now }
    },
    clock: () => ({ wall: now, steady: now }),
    setups: {
      succeeded: async () => {},
      failed: async () => false,
      tryAgain: async () => {},
      isOutdated: () => false,
      refusal: () => undefined,
    },
    isPaused: () => false,
    joinKeys: { claim: async () => true },
    learned: {
      booted() {},
      measured() {},
      timing: () => ({ boot: 0, paidBoot: 1, gap: 0, leastPaid: 0 }),
    },
    settings: () => withDefaults({}),
    onError: (what, error) => {
      throw new Error(what, { cause: error })
    },
  })
  /** A tick a second, and what is called before each. */
  async function pass(seconds: number, each = () => {}): Promise<number> {
    const before = asked.length
    for (let second = 0; second < seconds; second += 1) {
      now += 1000
      each()
      await workers.reconcile()
    }
    return asked.length - before
  }
  return { workers, running, asked, pass }
}

const alive = { slots: 1, running: 1, draining: false }

describe('calls to EC2', () => {
  it('are one a minute without workers, for live machines only', async () => {
    const { pass, asked } = open()
    expect(await pass(3600)).toBe(60)
    expect(asked[0]?.filters).toEqual([
      'tag:tm:cluster=c',
      'instance-state-name=pending,running,shutting-down,stopping,stopped',
    ])
  })

  it('are one a minute while workers work, and one in three seconds while one starts or ends', async () => {
    const { workers, pass, running } = open()
    await pass(1)
    await workers.launch()
    expect(await pass(60)).toBe(20)
    expect(await pass(600, () => workers.heartbeat('w1', alive))).toBeLessThanOrEqual(11)
    expect(await pass(30, () => workers.heartbeat('w1', { ...alive, draining: true }))).toBe(10)
    workers.down('w1')
    expect(await pass(9)).toBe(3)
    running.set('w1', 'shutting-down')
    await pass(3)
    expect(await pass(3600)).toBe(60)
  })

  it('come soon when a worker falls silent, and notice that its machine is gone', async () => {
    const { workers, pass, running } = open()
    await workers.launch()
    await pass(120, () => workers.heartbeat('w1', alive))
    running.set('w1', 'shutting-down')
    await pass(20)
    expect(workers.active()).toBe(0)
  })
})

describe('a look that gets no answer', () => {
  let node: TestNode
  afterEach(() => node?.close())

  it('is a problem in health until one gets an answer', async () => {
    node = await createTestNode({ settings: { maxWorkers: 1 } })
    const { bench, workers } = node
    const answer = Promise.withResolvers<Machine[]>()
    bench.list = () => answer.promise
    const looking = workers.reconcile()
    const health = async () => {
      const state = (await (await node.request('/v1/state')).json()) as NodeState
      return { healthy: state.healthy, problems: state.problems }
    }
    expect(await health()).toEqual({ healthy: true, problems: [] })
    bench.time.steady += 15_000
    const problems = ["can't see which workers run: no answer for 15 s"]
    expect(await health()).toEqual({ healthy: false, problems })
    answer.reject(new Error('AWS is away'))
    await looking
    const failed = ["can't see which workers run: AWS is away"]
    expect(await health()).toEqual({ healthy: false, problems: failed })
    bench.list = undefined
    await workers.reconcile()
    expect(await health()).toEqual({ healthy: true, problems: [] })
    expect(bench.errors).toEqual(['listing the machines: Error: AWS is away'])
  })

  it('is given up, and begun anew', async () => {
    const errors: string[] = []
    let looks = 0
    const look = createLook({
      provider: {
        async list() {
          looks += 1
          return looks === 1 ? await new Promise<never>(() => {}) : []
        },
      },
      clock: () => ({ wall: 0, steady: 0 }),
      onError: (what, error) => errors.push(`${what}: ${error}`),
      limitMs: 20,
    })
    expect(await look.take()).toBeUndefined()
    expect(look.problem()).toBe('no answer in 0.0 s')
    expect(look.isDue([], { removed: 0, silentMs: 1000 })).toBe(true)
    expect(await look.take()).toEqual({ machines: [], asked: 0 })
    expect(look.problem()).toBeUndefined()
    expect(errors).toEqual(['listing the machines: Error: no answer in 0.0 s'])
  })
})
