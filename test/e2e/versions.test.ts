/** Two versions of tm that do not speak the same protocol: each says so, and nothing half happens. */
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect } from 'vitest'
import { protocol } from '../../src/api/protocol.ts'
import type { Health } from '../../src/cli/output/health.ts'
import type { RemovalResult } from '../../src/provider/cluster.ts'
import { type Box, it, type Ran } from './harness.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** This very tm, but for the number of its protocol. Gives the program to start. */
function otherTm(box: Box): string[] {
  const folder = join(box.dataDir, 'other')
  mkdirSync(folder)
  for (const part of ['bin', 'dist', 'package.json']) {
    cpSync(join(root, part), join(folder, part), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  const file = join(folder, 'dist/api/protocol.js')
  const ours = readFileSync(file, 'utf8')
  const theirs = ours.replace(`protocol = ${protocol};`, `protocol = ${protocol + 1};`)
  expect(theirs).not.toBe(ours)
  writeFileSync(file, theirs)
  return [process.execPath, join(folder, 'bin/run.js')]
}

describe('another version', () => {
  it('is told so by every command, and changes nothing', { timeout: 120_000 }, async ({ box }) => {
    const cluster = box.cluster('old')
    await cluster.up('--nodes', '1', '--max-workers', '0')
    const other = otherTm(box)
    const run = async (...args: string[]): Promise<Ran> =>
      await box.start([...other, ...args], { TM_CLUSTER: 'old' }).ended
    const says = `node-1 runs tm 0.1.0 with protocol ${protocol}; the request uses protocol ${protocol + 1}`

    const file = box.file('one', '1')
    for (const args of [
      ['enqueue', '--iterations', '1', file],
      ['pull'],
      ['status', '01997a5e-4b7e-7cc2-8f6a-0d3b5b6e9a10'],
      ['up', '--local', '--max-workers', '3'],
    ]) {
      const { code, stdout, stderr } = await run(...args)
      expect([args[0], code, stdout]).toEqual([args[0], 1, ''])
      expect(stderr).toContain(says)
    }
    const health = await run('health', '--json')
    expect(health.code).toBe(1)
    expect((JSON.parse(health.stdout) as Health).nodes[0]?.problems).toEqual([says])

    const [node] = (await cluster.health()).nodes
    expect(node).toMatchObject({ queue: { queued: 0 }, limit: { own: 0 } })

    const token = join(box.dataDir, 'token')
    writeFileSync(token, cluster.workerToken('w-1'), { mode: 0o600 })
    await cluster.tm(['enqueue', '--iterations', '1', file])
    const worker = await run(
      ...['worker', 'run', '--id', 'w-1', '--url', String(node?.url), '--token-file', token],
    )
    expect(worker.code).toBe(1)
    expect(worker.stderr).toContain(says)
    // Not healthy: a task waits, and no worker may start.
    expect((await cluster.health(1)).nodes[0]).toMatchObject({
      queue: { queued: 1, running: 0 },
      workers: [],
    })

    // Whatever the versions: what costs money can be taken down.
    const down = await run('down', '--yes', '--json')
    expect([down.code, down.stderr]).toMatchObject([0, expect.any(String)])
    expect(JSON.parse(down.stdout) as RemovalResult).toMatchObject({ remaining: [] })
    expect(await cluster.processes()).toEqual([])
  })
})
