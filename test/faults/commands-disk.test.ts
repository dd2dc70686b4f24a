/**
 * Commands on a disk that is full, of their worker or of their node: nothing is lost, somebody says why
 * nothing moves, and it goes on by itself once there is room.
 */
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, type TestContext } from 'vitest'
import type { JobView } from '../../src/cli/jobs/jobs.ts'
import { type Box, type Cluster, it, until } from '../e2e/harness.ts'
import { mountTinyDisk, type TinyDisk } from '../node/store/tiny-disk.ts'

const size = 1_000_000
const quick = ['--nodes', '1', '--max-workers', '1', '--tick', '50ms', '--scale-after', '100ms']

/** Puts one of the folders of a cluster, `nodes` or `workers`, on a small disk of its own. */
async function withDisk(
  box: Box,
  { skip }: Pick<TestContext, 'skip'>,
  { folder, size }: { folder: 'nodes' | 'workers'; size: string },
  use: (cluster: Cluster, disk: TinyDisk) => Promise<void>,
): Promise<void> {
  const disk = mountTinyDisk(size)
  if ('why' in disk) {
    const reason = `not shown, for there is no tiny disk to fill: ${disk.why}`
    process.stderr.write(`SKIPPED commands on a full disk: ${reason}\n`)
    return skip(reason)
  }
  const cluster = box.cluster(`faults-disk-${folder}`)
  mkdirSync(cluster.folder, { recursive: true, mode: 0o700 })
  symlinkSync(disk.folder, join(cluster.folder, folder))
  try {
    await use(cluster, disk)
  } finally {
    await cluster.tm(['down', '--yes'])
    disk.remove()
  }
}

describe('the disk is full', { timeout: 120_000 }, () => {
  it('of a worker: it takes no commands, says so, and goes on', async ({ box, skip }) => {
    await withDisk(box, { skip }, { folder: 'workers', size: '64m' }, async (cluster, disk) => {
      await cluster.up(...quick)
      await cluster.json(['run', '--times', '1', 'true'])
      const ballast = join(disk.folder, 'ballast')
      writeFileSync(ballast, new Uint8Array(50 * 1024 ** 2))
      const args = ['run', '--array', '1-20', 'echo {n} > {out}', '--out', '{n}.txt', '--detach']
      // What it has read of its disk is a second old at most; it says that with its next heartbeat.
      await until('the node knows', async () => {
        const { nodes } = await cluster.health().catch(() => cluster.health(1))
        return nodes.some(({ problems }) =>
          /runs no commands: its disk is full/.test(problems.join()),
        )
      })
      const job = (await cluster.tm(args)).stdout.trim()
      const wait = cluster.spawn(['wait', job])
      let said = ''
      wait.child.stderr?.on('data', (text) => {
        said += text
      })
      await until('the wait says why', () => said.includes('the disk of every worker is full'))
      rmSync(ballast)
      expect(await wait.ended).toMatchObject({ code: 0 })
    })
  })

  it('of a worker, by the command itself: that fails, and says why', async ({ box, skip }) => {
    await withDisk(box, { skip }, { folder: 'workers', size: '64m' }, async (cluster) => {
      await cluster.up(...quick)
      const line = 'head -c 100000000 /dev/zero > big'
      const { code, stderr } = await cluster.tm(['run', '--times', '1', line])
      expect(code).toBe(1)
      expect(stderr).toContain('exit 1, and the disk is full')
      // What it wrote is gone, so the next one has room.
      await cluster.json(['run', '--times', '1', 'head -c 30000000 /dev/zero > big'])
    })
  })

  it('of a node: finished commands are kept until their results are', async ({ box, skip }) => {
    await withDisk(box, { skip }, { folder: 'nodes', size: '8m' }, async (cluster, disk) => {
      await cluster.up(...quick)
      const line = `yes {n} | head -c ${size} > {out}`
      const args = ['run', '--array', '1-24', '--detach', line, '--out', '{n}.txt']
      const job = (await cluster.tm(args)).stdout.trim()
      const counts = async () => (await cluster.json<{ job: JobView }>(['job', job])).job.counts
      let before = -1
      await until('nothing moves any more', async () => {
        const { succeeded } = await counts()
        const isStill = succeeded === before && succeeded > 0
        before = succeeded
        return isStill
      })
      expect(await counts()).toMatchObject({ failed: 0 })
      disk.remount('size=64m')
      const to = join(box.dataDir, 'out')
      const wait = await cluster.tm(['wait', job])
      expect(wait).toMatchObject({ code: 0 })
      await cluster.json(['pull', job, '--to', to])
      for (let n = 1; n <= 24; n += 1) {
        const expected = `${n}\n`.repeat(size).slice(0, size)
        expect(readFileSync(join(to, `${n}.txt`), 'latin1') === expected, `${n}.txt`).toBe(true)
      }
    })
  })
})
