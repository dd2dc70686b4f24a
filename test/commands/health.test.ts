/** `tm health`: what every node does and why, word for word; exit 1 unless all of them are healthy. */
import { afterEach, describe, expect, it } from 'vitest'
import { connect } from '../../src/api/client.ts'
import type { Health } from '../../src/cli/output/health.ts'
import { signToken } from '../../src/core/tokens.ts'
import { type Ran, tm, tmJson } from './run.ts'
import { makeWorld, type World, type WorldOptions } from './world.ts'

let world: World
afterEach(() => world.close())

async function health(options: WorldOptions, prepare: () => Promise<unknown>): Promise<Ran> {
  world = await makeWorld(options)
  await prepare()
  return await tm(['health', '--cluster', world.state.name], world)
}

/** The scaler looks again every tick: waits until what it says of a node is this. */
async function untilReason(n: number, reason: RegExp): Promise<void> {
  for (;;) {
    const { scaling } = await world.link(n).client.getState()
    if (reason.test(scaling.reason)) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

const idle = `  queue    0 queued, 0 running, 0 succeeded, 0 failed, 0 cancelled
  limit    0 workers
  scaling  no backlog: nothing to do (0 active workers)
`

describe('in words', () => {
  it('a healthy cluster', async () => {
    const seen = await health({ nodes: 2 }, async () => {
      await untilReason(1, /no backlog/)
      await untilReason(2, /no backlog/)
    })
    expect(seen).toEqual({
      stdout: `Cluster default is healthy: 2 nodes, 0 workers, 0 queued, 0 running, 0 succeeded

● node-1  URL, up N s
${idle}
● node-2  URL, up N s
${idle}`,
      stderr: '',
      exitCode: 0,
    })
  })

  it('a backlog, why nothing is launched for it, and the command that changes that', async () => {
    const { stdout, exitCode } = await health({ nodes: 2 }, async () => {
      await world.enqueue([{}, {}, {}])
      await untilReason(1, /no loan/)
      await untilReason(2, /no backlog/)
    })
    expect(stdout.replace(/no loan \(.*\), asking/, 'no loan (WHY), asking')).toBe(
      `Cluster default is not healthy: 2 nodes, 0 workers, 3 queued, 0 running, 0 succeeded
  no task can run: --max-workers is 0 on every node. Allow workers: tm up --local --max-workers N

● node-1  URL, up N s
  queue    3 queued, 0 running, 0 succeeded, 0 failed, 0 cancelled; the oldest has waited N s
  limit    0 workers
  scaling  backlog 3 and 0 active workers at the limit of 0: no loan (WHY), asking again in N s

● node-2  URL, up N s
${idle}`,
    )
    expect(exitCode).toBe(1)
  })

  it('what became of tasks', async () => {
    const { stdout } = await health({ settings: { maxAttempts: 1 } }, async () => {
      await world.enqueue([{}])
      await world.worker().fail('broken')
      await world.enqueue([{}, {}])
      await world.worker().work()
      const [id = ''] = await world.enqueue([{}])
      await world.link().client.cancelTask({ params: { id } })
      await world.enqueue([{}])
      await world.worker().claim()
      await untilReason(1, /no backlog/)
    })
    expect(stdout).toBe(
      `Cluster default is healthy: 1 node, 0 workers, 0 queued, 1 running, 2 succeeded

● node-1  URL, up N s
  queue    0 queued, 1 running, 2 succeeded, 1 failed, 1 cancelled
  limit    0 workers
  scaling  no backlog: nothing to do (0 active workers)
`,
    )
  })

  it('a worker that is starting', async () => {
    const { stdout } = await health({ workers: 'silent' }, async () => {
      await world.enqueue([{}])
      await untilReason(1, /1 active worker: nothing to do/)
    })
    expect(stdout).toBe(
      `Cluster default is healthy: 1 node, 1 worker, 1 queued, 0 running, 0 succeeded

● node-1  URL, up N s
  queue    1 queued, 0 running, 0 succeeded, 0 failed, 0 cancelled; the oldest has waited N s
  limit    1 worker
  scaling  backlog 1 ≤ 1 active worker: nothing to do
  node-1-w-1  starting        up N s
`,
    )
  })

  it('a worker that has joined', async () => {
    const { stdout } = await health({ workers: 'silent' }, async () => {
      await world.enqueue([{}])
      await untilReason(1, /1 active worker: nothing to do/)
      const secret = world.state.secret()
      const token = signToken(secret, { role: 'worker', subject: 'node-1-w-1' })
      const worker = connect({ url: world.link().url, token })
      await worker.heartbeat({
        params: { id: 'node-1-w-1' },
        json: { slots: 2, running: 0, draining: false, pid: 4711, isolation: 'control groups' },
      })
    })
    expect(stdout).toContain(
      '\n  node-1-w-1  idle  0 running  2 slots  process 4711  up N s  control groups\n',
    )
  })

  it('a loan, on both sides', async () => {
    const { stdout, exitCode } = await health({ nodes: 2, workers: 'silent' }, async () => {
      await world.enqueue([{}, {}, {}])
      await untilReason(1, /backlog 3 and 2 active workers/)
      await untilReason(2, /no backlog/)
    })
    expect(stdout).toContain(
      '\n  limit    2 workers = 1 own + 1 borrowed − 0 lent (1 borrowed from node-2 for N s unless renewed)\n',
    )
    expect(stdout).toContain(
      '\n  limit    0 workers = 1 own + 0 borrowed − 1 lent (1 lent to node-1 for N s unless renewed)\n',
    )
    expect(exitCode).toBe(0)
  })

  it('a node that drains is not healthy', async () => {
    const seen = await health({}, async () => {
      await world.link().client.drain()
      await untilReason(1, /draining/)
    })
    expect(seen).toEqual({
      stdout: `Cluster default is not healthy: 1 node, 0 workers, 0 queued, 0 running, 0 succeeded

● node-1  URL, up N s
  problem  draining: the node takes no tasks until it restarts
  queue    0 queued, 0 running, 0 succeeded, 0 failed, 0 cancelled
  limit    0 workers
  scaling  draining: no scaling until this node takes work again
`,
      stderr: '',
      exitCode: 1,
    })
  })

  it('a node that is gone, and how to start it in this very cluster', async () => {
    const seen = await health({ cluster: 'x', nodes: 2 }, async () => {
      await world.stopNode(1)
      await untilReason(2, /no backlog/)
    })
    expect(seen).toEqual({
      stdout: `Cluster x is not healthy: 2 nodes, 0 workers, 0 queued, 0 running, 0 succeeded

● node-1  URL
  problem  its process is gone: start it again with tm up --local --cluster x

● node-2  URL, up N s
${idle}`,
      stderr: '',
      exitCode: 1,
    })
  })
})

describe('--json', () => {
  it('has everything that the design promises, of every node', async () => {
    world = await makeWorld({ nodes: 2, workers: 'silent' })
    await world.enqueue([{}])
    await untilReason(1, /1 active worker: nothing to do/)
    await untilReason(2, /no backlog/)
    const { json, stderr, exitCode } = await tmJson<Health>(['health'], world)
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
    const [one, two] = json.nodes
    expect(json).toEqual({ cluster: 'default', healthy: true, problems: [], nodes: [one, two] })
    expect(one).toEqual({
      id: 'node-1',
      url: world.link(1).url,
      healthy: true,
      problems: [],
      paused: false,
      startedAt: one?.startedAt,
      queue: {
        queued: 1,
        running: 0,
        succeeded: 0,
        failed: 0,
        cancelled: 0,
        backlog: 1,
        unpulled: 0,
        oldestWaitSeconds: one?.queue?.oldestWaitSeconds,
      },
      disk: { free: one?.disk?.free, size: one?.disk?.size, intake: 'open' },
      workers: [
        {
          id: 'node-1-w-1',
          state: 'starting',
          slots: 0,
          running: 0,
          launchedAt: one?.workers?.[0]?.launchedAt,
        },
      ],
      limit: { own: 1, borrowed: 0, lent: 0 },
      loans: [],
      scaling: {
        decision: 'none',
        rule: 2,
        reason: 'backlog 1 ≤ 1 active worker: nothing to do',
      },
      siblings: [{ id: 'node-2', url: world.link(2).url }],
    })
    expect(one?.queue?.oldestWaitSeconds).toBeGreaterThan(0)
    expect(one?.queue?.oldestWaitSeconds).toBeLessThan(60)
    expect(two?.queue?.queued).toBe(0)
  })

  it('tells of a node that is gone, and fails', async () => {
    world = await makeWorld({ nodes: 2 })
    const { url } = world.link(2)
    await world.stopNode(2)
    const { json, exitCode } = await tmJson<Health>(['health'], world)
    expect(json.healthy).toBe(false)
    expect(json.nodes.map(({ healthy }) => healthy)).toEqual([true, false])
    expect(json.nodes[1]).toEqual({
      id: 'node-2',
      url,
      healthy: false,
      problems: ['its process is gone: start it again with tm up --local'],
    })
    expect(exitCode).toBe(1)
  })
})
