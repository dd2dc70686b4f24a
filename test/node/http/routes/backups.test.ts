/** A backup over HTTP, part by part, and back into a node that is empty. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readBackup } from '../../../../src/node/store/open.ts'
import { createTestNode, type TestNode } from '../../harness.ts'
import { type Folder, temporaryFolder } from '../../store/folder.ts'

let node: TestNode
let folder: Folder
beforeEach(async () => {
  node = await createTestNode()
  folder = temporaryFolder()
})
afterEach(async () => {
  await node.close()
  folder.remove()
})

const enqueue = async (to: TestNode, body: string) =>
  await to.request('/enqueue?iterations=1', { method: 'PUT', body })

async function makeBackup(of: TestNode): Promise<{ id: string; bytes: Buffer }> {
  const response = await of.request('/v1/backups', { method: 'POST' })
  expect(response.status).toBe(201)
  const { id, size } = (await response.json()) as { id: string; size: number }
  const parts: Buffer[] = []
  for (let from = 0; ; ) {
    const part = await of.request(`/v1/backups/${id}?from=${from}`)
    const bytes = Buffer.from(await part.arrayBuffer())
    if (bytes.length === 0) break
    parts.push(bytes)
    from += bytes.length
  }
  const bytes = Buffer.concat(parts)
  expect(bytes.length).toBe(size)
  return { id, bytes }
}

const write = async (to: TestNode, from: number, body: Buffer) =>
  (await to.request(`/v1/restore?from=${from}`, { method: 'PUT', body: new Uint8Array(body) }))
    .status

describe('a backup', () => {
  it('is one file that says where it is from, without what belongs to the cluster', async () => {
    await node.siblings.set([{ id: 'node-2', url: 'http://127.0.0.1:1' }])
    await enqueue(node, 'x'.repeat(60_000))
    const { id, bytes } = await makeBackup(node)
    const file = join(folder.folder, 'backup')
    writeFileSync(file, bytes)
    const about = { id, cluster: 'test', node: 'node-1', at: 1_000_000 }
    expect(await readBackup(file)).toEqual({ ...about, tasks: 1, succeeded: 0 })
    expect(bytes.includes('127.0.0.1:1')).toBe(false)
  })

  it('is gone when it was fetched', async () => {
    const { id } = await makeBackup(node)
    expect((await node.request(`/v1/backups/${id}`, { method: 'DELETE' })).status).toBe(200)
    expect((await node.request(`/v1/backups/${id}?from=0`)).status).toBe(404)
  })
})

describe('restoring', () => {
  it('takes parts in any size, again after an interruption, and asks for a new start', async () => {
    await enqueue(node, 'one')
    const { bytes, id } = await makeBackup(node)
    const fresh = await createTestNode({ id: 'node-7' })
    const half = Math.floor(bytes.length / 2)
    expect(await write(fresh, 0, bytes.subarray(0, half))).toBe(200)
    expect(await write(fresh, 0, bytes.subarray(0, half))).toBe(200)
    expect(await write(fresh, half, bytes.subarray(half))).toBe(200)
    const response = await fresh.request('/v1/restore', { method: 'POST' })
    expect(response.status).toBe(202)
    expect(await response.json()).toMatchObject({ id, node: 'node-1' })
    await fresh.restore.replaced
    // What it would take now would be lost.
    expect((await enqueue(fresh, 'late')).status).toBe(503)
    await fresh.close()
  })

  it('refuses what is no whole backup', async () => {
    await enqueue(node, 'one')
    const { bytes } = await makeBackup(node)
    const fresh = await createTestNode()
    expect(await write(fresh, 100, bytes)).toBe(409)
    expect((await fresh.request('/v1/restore', { method: 'POST' })).status).toBe(409)
    for (const harmed of [
      bytes.subarray(0, bytes.length - 40_000),
      Buffer.from('not a database'),
      Buffer.concat([bytes.subarray(0, 20_000), Buffer.alloc(bytes.length - 20_000, 7)]),
    ]) {
      expect(await write(fresh, 0, harmed)).toBe(200)
      const response = await fresh.request('/v1/restore', { method: 'POST' })
      expect(response.status).toBe(400)
      expect(await response.text()).toContain("can't be used")
    }
    expect((await enqueue(fresh, 'it goes on')).status).toBe(201)
    await fresh.close()
  })

  it('loses nothing that is acknowledged meanwhile: the tasks win, or they are refused', async () => {
    await enqueue(node, 'one')
    const { bytes } = await makeBackup(node)
    for (let late = 0; late < 12; late += 1) {
      const fresh = await createTestNode()
      expect(await write(fresh, 0, bytes)).toBe(200)
      const tasks = Array.from({ length: 5 }, async (_, n) => {
        for (let turn = 0; turn < late * 2 + n; turn += 1) await new Promise(setImmediate)
        return (await enqueue(fresh, `task ${n}`)).status
      })
      const restored = (await fresh.request('/v1/restore', { method: 'POST' })).status
      const statuses = await Promise.all(tasks)
      const taken = statuses.filter((status) => status === 201).length
      expect([202, 409]).toContain(restored)
      if (restored === 202) expect(taken).toBe(0)
      expect((await fresh.queue.stats()).queued).toBe(taken)
      // After a refusal it works as before.
      expect((await enqueue(fresh, 'next')).status).toBe(restored === 202 ? 503 : 201)
      await fresh.close()
    }
  })

  it('is for a node without tasks', async () => {
    await enqueue(node, 'one')
    const { bytes } = await makeBackup(node)
    expect(await write(node, 0, bytes)).toBe(409)
  })
})
