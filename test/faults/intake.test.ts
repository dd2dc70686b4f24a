/**
 * A real node whose disk fills up: it takes new tasks slowly, then none, and says so; results have room
 * all the while, and once there is some for tasks, what waited goes on by itself.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, rmSync, statfsSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { v7 } from 'uuid'
import { expect, type TestContext } from 'vitest'
import { unpackLeases } from '../../src/api/leases.ts'
import { packResults } from '../../src/api/reports.ts'
import { type Box, type Cluster, it, until } from '../e2e/harness.ts'
import { mountTinyDisk, type TinyDisk } from '../node/store/tiny-disk.ts'
import { packSha512 } from '../support/sha512-task.ts'

const mib = 1024 ** 2
const quick = ['--nodes', '1', '--max-workers', '0', '--tick', '50ms']

/** A cluster whose node has a disk of its own. */
async function onSmallDisk(
  box: Box,
  { skip }: Pick<TestContext, 'skip'>,
  use: (cluster: Cluster, disk: TinyDisk) => Promise<void>,
): Promise<void> {
  const disk = mountTinyDisk('128m')
  if ('why' in disk) {
    const reason = `not shown, for there is no small disk to fill: ${disk.why}`
    process.stderr.write(`SKIPPED the intake of a node on a full disk: ${reason}\n`)
    return skip(reason)
  }
  const cluster = box.cluster('faults-intake')
  mkdirSync(cluster.folder, { recursive: true, mode: 0o700 })
  symlinkSync(disk.folder, join(cluster.folder, 'nodes'))
  try {
    await cluster.up(...quick)
    await use(cluster, disk)
  } finally {
    await cluster.tm(['down', '--yes'])
    disk.remove()
  }
}

/** Puts a file beside the node's, so that the disk is that full. */
function fillUpTo(percent: number, { folder }: TinyDisk): void {
  const ballast = join(folder, 'ballast')
  rmSync(ballast, { force: true })
  const { blocks, bavail, bsize } = statfsSync(folder)
  writeFileSync(ballast, new Uint8Array((bavail - (1 - percent / 100) * blocks) * bsize))
}

/** Until the node has looked at its disk again. */
async function knows(cluster: Cluster, intake: string): Promise<void> {
  await until(`its intake is ${intake}`, async () => {
    return (await cluster.node('node-1').getState()).disk?.intake === intake
  })
}

const files = (box: Box, count: number) =>
  Array.from({ length: count }, (_, n) => box.file(`in-${n}`, randomBytes(mib)))

it('85 %: takes tasks slowly, and says so', { timeout: 60_000 }, async ({ box, skip }) => {
  await onSmallDisk(box, { skip }, async (cluster, disk) => {
    const inputs = files(box, 2)
    fillUpTo(86, disk)
    await knows(cluster, 'slow')
    const { stdout } = await cluster.tm(['health'])
    expect(stdout).toMatch(
      /disk +its disk is 8\d % full \(\d+\.\d MiB free\): it takes new tasks slowly\. Make room: tm pull .*JOB/,
    )
    const { code, stderr } = await cluster.tm(['enqueue', '--iterations', '1', ...inputs])
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(
      stderr.match(/Warning: node-1's disk is \d\d % full .* slowly\. Make room/g),
    ).toHaveLength(1)
    const tasks = [0, 1, 2].map(() => ({ id: v7(), iterations: 1, body: randomBytes(mib) }))
    const began = performance.now()
    const answer = await cluster.node('node-1').enqueueTasks({ body: packSha512(tasks) })
    // At 16 MiB in a second, if not less.
    expect(performance.now() - began).toBeGreaterThan((3 / 16) * 1000)
    expect(answer.slow).toMatch(/^node-1's disk is [89]\d % full/)
    const metrics = new TextDecoder().decode(await cluster.node('node-1').getMetrics())
    expect(metrics).toMatch(/^tm_intake\{state="slow".*\} 1$/m)
    expect(metrics).toMatch(/^tm_disk_bytes\{part="free".*\} \d+$/m)
    fillUpTo(20, disk)
    await knows(cluster, 'open')
  })
})

it('95 %: takes results and no tasks, until there is room', { timeout: 60_000 }, async ({
  box,
  skip,
}) => {
  await onSmallDisk(box, { skip }, async (cluster, disk) => {
    const node = cluster.node('node-1')
    const [input = ''] = files(box, 1)
    const id = v7()
    await node.enqueueTask({
      query: { iterations: 1 },
      headers: { 'idempotency-key': id },
      body: new Uint8Array(9),
    })
    fillUpTo(96, disk)
    await knows(cluster, 'closed')
    const headers = { authorization: `Bearer ${cluster.adminToken()}` }
    const put = async (body: Uint8Array<ArrayBuffer>) =>
      await fetch(`${node.url}/enqueue?iterations=1`, { method: 'PUT', headers, body })
    // The small one takes the fast path.
    for (const bytes of [10, 100_000]) {
      const answer = await put(new Uint8Array(bytes))
      expect(answer.status).toBe(503)
      expect(answer.headers.get('retry-after')).toBe('1')
      expect(await answer.json()).toMatchObject({
        error: {
          code: 'busy',
          message: expect.stringMatching(/^node-1's disk is 9\d % full .*: it takes no new tasks$/),
        },
      })
    }
    // Sent again, because its answer was lost: it is there.
    await node.enqueueTask({
      query: { iterations: 1 },
      headers: { 'idempotency-key': id },
      body: new Uint8Array(9),
    })
    const { nodes } = await cluster.health(1)
    expect(nodes[0]?.problems.join()).toMatch(/its disk is 9\d % full/)

    const worker = cluster.workerClient('node-1', 'w1')
    const wish = { max: 1, maxWork: 1e6, wait: 0 }
    const [lease] = unpackLeases(await worker.claimLeases({ json: wish }))
    expect(lease?.id).toBe(id)
    const report = { id, attempt: 1, result: randomBytes(64) }
    await worker.completeLeases({ body: packResults([report]) })
    expect(await node.getTask({ params: { id } })).toMatchObject({ state: 'succeeded' })

    const waiting = cluster.spawn(['enqueue', '--iterations', '1', input])
    let said = ''
    waiting.child.stderr?.on('data', (text) => {
      said += text
    })
    await until('it says why it waits', () => /node-1's disk is 9\d % full/.test(said))
    fillUpTo(20, disk)
    expect(await waiting.ended).toMatchObject({ code: 0 })
  })
})
