/**
 * Every command, and every duty of nodes and workers that asks a node, with a node that stalls: none waits for
 * ever, and each says whom it could not reach. All of them wait at the same time.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { oneCpu } from '../../src/core/resources.ts'
import { dialWith } from '../../src/node/siblings.ts'
import { clusterState } from '../../src/state/cluster-state.ts'
import { createNodePool } from '../../src/worker/node-pool.ts'
import type { TestServer } from '../api/server.ts'
import { serveStalling, stallingPeers } from '../api/stalling-peers.ts'
import { endAll, ourPath, runTm } from '../bin/tm.ts'
import { createTestNode } from '../node/harness.ts'
import { sha512Task } from '../support/sha512-task.ts'

const id = '01997a5e-4b7e-7cc2-8f6a-0d3b5b6e9a10'

/** A command tries for 40 s at most; the rest is for machines that do something else as well. */
const withinMs = 100_000
const options = { timeout: 120_000 }

const commands = [
  ['enqueue', '-n', '1', '/etc/hosts'],
  ['health'],
  ['status', id],
  ['pull'],
  ['cancel', id],
  ['retry', id],
  ['backup'],
  ['rotate-tokens'],
  ['down', '--yes'],
]

let folder: string
let peers: TestServer[] = []
const urls: string[] = []
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tm-stalled-'))
  peers = await Promise.all(stallingPeers.map(([, stall]) => serveStalling(stall)))
  urls.push(...peers.map(({ url }) => url))
})
afterAll(async () => {
  endAll()
  for (const peer of peers) await peer.close()
  rmSync(folder, { recursive: true, force: true })
})

let made = 0

/** A cluster whose only node is at this address. */
function clusterAt(url: string): Record<string, string> {
  made += 1
  const dataDir = join(folder, String(made))
  const state = clusterState(dataDir, 'default')
  state.create()
  state.write({
    cluster: 'default',
    provider: 'local',
    nodes: [{ id: 'node-1', url }],
    createdAt: 0,
  })
  writeFileSync(join(dataDir, 'x'), 'x')
  return { PATH: ourPath, HOME: dataDir, TM_DATA_DIR: dataDir, AWS_EC2_METADATA_DISABLED: 'true' }
}

describe.concurrent('with a node that', () => {
  const each = stallingPeers.flatMap(([how], at) =>
    commands.map((args) => [how, args, at] as const),
  )
  const duties = stallingPeers.map(([how], at) => [how, at] as const)

  it.each(each)('%s, %j ends', options, async (_, [name, ...args], at) => {
    const env = clusterAt(urls[at] as string)
    const { exitCode, stdout, stderr, took } = await runTm([name as string, ...args], { env })
    expect(took, stdout + stderr).toBeLessThan(withinMs)
    // Local processes are found without their node.
    if (name === 'down') return expect(exitCode).toBe(0)
    expect(exitCode).toBe(1)
    expect(stdout + stderr).toMatch(/node-1|No node of cluster default answers/)
  })

  it.each(duties)('%s, the duties of a worker end', options, async (_, at) => {
    const url = urls[at] as string
    const problems: string[] = []
    const pool = createNodePool({
      worker: 'w-1',
      url,
      token: 'a token',
      onToken: async () => {},
      onProblem: (what) => problems.push(what),
    })
    const began = performance.now()
    const { signal } = new AbortController()
    const claimed = pool.claim({ max: 1, maxWork: 1, room: undefined, waitMs: 100, signal })
    const [{ leases, reports }] = await Promise.all([
      claimed,
      pool.heartbeat({ ownUsers: false, slots: 1, running: 0, draining: false, capacity: oneCpu }),
      pool.leave(),
    ])
    expect(leases).toEqual([])
    await pool.renew([{ id, attempt: 1, reports } as Parameters<typeof pool.renew>[0][number]])
    expect(performance.now() - began).toBeLessThan(withinMs)
    expect(new Set(problems).size).toBeGreaterThan(2)
  })

  it.each(duties)('%s, the duties of a node end', options, async (_, at) => {
    const url = urls[at] as string
    const node = await createTestNode({
      settings: { maxWorkers: 0 },
      siblings: [{ id: 'node-2', url }],
      dial: dialWith(() => 'a token'),
    })
    try {
      await node.queue.enqueue([sha512Task({ id, iterations: 1, body: new Uint8Array() })])
      const began = performance.now()
      await node.scaler.tick()
      expect(node.scaler.last().reason).toMatch(/node-2/)
      const pulled = await node.request('/pullCompleted?top=1', { method: 'POST' })
      expect(pulled.headers.get('tm-unreachable')).toBe('node-2')
      expect(performance.now() - began).toBeLessThan(withinMs)
    } finally {
      await node.close()
    }
  })
})
