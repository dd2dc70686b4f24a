/** Shared files over HTTP: what a client sends, and what a worker reads. */
import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTestNode, type TestNode } from '../../harness.ts'

const part = 1024 ** 2
const bytes = new Uint8Array(part + 3).map((_, index) => (index * 7) % 251)
const sha256 = createHash('sha256').update(bytes).digest('hex')

let node: TestNode
beforeEach(async () => {
  node = await createTestNode()
})
afterEach(() => node.close())

const open = (hash: string, size: number) => node.send('PUT', `/v1/shared/${hash}`, { size })
const write = (hash: string, n: number, body: Uint8Array<ArrayBuffer>) =>
  node.request(`/v1/shared/${hash}/${n}`, { method: 'PUT', body })
const read = (hash: string, n: number) => node.request(`/v1/shared/${hash}/${n}`, { as: 'worker' })

async function send(): Promise<void> {
  await write(sha256, 1, bytes.slice(part))
  await write(sha256, 0, bytes.slice(0, part))
}

const job = {
  number: 1,
  name: 'x',
  line: 'x',
  tasks: 1,
  printsStdout: true,
  job: {
    run: { script: 'x' },
    input: 'none',
    env: {},
    shared: [{ name: 'lib/x.bin', sha256, size: bytes.length, kind: 'file', mode: 0o755 }],
    outputs: [],
    okExit: [0],
    retries: 0,
    grace: 0,
    maxOutput: 0,
  },
}
const putJob = (given: object) =>
  node.send('PUT', '/v1/jobs/01997a5e-4b7e-7cc2-8f6a-000000000001', given)

describe('a shared file', () => {
  it('is read by workers once all parts are here and their hash is right', async () => {
    expect(await (await open(sha256, bytes.length)).json()).toEqual({ missing: [0, 1] })
    await send()
    expect((await read(sha256, 0)).status).toBe(404)
    const [one, other] = await Promise.all([open(sha256, bytes.length), open(sha256, bytes.length)])
    expect([await one.json(), await other.json()]).toEqual([{ missing: [] }, { missing: [] }])
    const parts = [await read(sha256, 0), await read(sha256, 1)]
    const pieces = await Promise.all(parts.map(async (answer) => await answer.bytes()))
    expect(Buffer.concat(pieces).equals(bytes)).toBe(true)
    expect((await read(sha256, 2)).status).toBe(404)
    const metrics = await (await node.request('/metrics')).text()
    expect(metrics).toMatch(new RegExp(`tm_shared_bytes{direction="sent".*} ${bytes.length}\n`))
  })

  it('that arrived with other bytes is refused, and begins anew', async () => {
    const wrong = 'ab'.repeat(32)
    await open(wrong, 3)
    await write(wrong, 0, new Uint8Array(3))
    const refused = await open(wrong, 3)
    expect(refused.status).toBe(400)
    expect(await refused.text()).toContain('does not have the SHA-256 abab')
    expect(await (await open(wrong, 3)).json()).toEqual({ missing: [0] })
  })

  it('is not taken under a name that is no hash, too large, or in parts that it does not have', async () => {
    expect((await open('AB'.repeat(32), 3)).status).toBe(400)
    expect((await open(sha256, 4 * 1024 ** 3 + 1)).status).toBe(400)
    expect((await write(sha256, 0, bytes.slice(0, 3))).status).toBe(404)
    await open(sha256, bytes.length)
    expect((await write(sha256, 0, bytes.slice(0, 3))).status).toBe(409)
    expect((await write(sha256, 0, bytes)).status).toBe(413)
    expect((await write(sha256, 4096, bytes.slice(0, 3))).status).toBe(400)
    await send()
    await open(sha256, bytes.length)
    expect((await open(sha256, 3)).status).toBe(409)
  })
})

describe('a job', () => {
  it('is taken only when its shared files are here', async () => {
    const refused = await putJob(job)
    expect(refused.status).toBe(409)
    expect(await refused.text()).toContain(`does not have the shared file ${sha256}`)
    await open(sha256, bytes.length)
    await send()
    await open(sha256, bytes.length)
    expect((await putJob(job)).status).toBe(200)
  })

  it('has shared files only under names inside the folder, and each under its own', async () => {
    const [file] = job.job.shared
    const wrong = ['', '/etc/x', '../x', 'a/../x', './x', 'a//b', 'a/', 'a\0b', 'a'.repeat(300)]
    for (const name of wrong) {
      const given = { ...job, job: { ...job.job, shared: [{ ...file, name }] } }
      expect((await putJob(given)).status, JSON.stringify(name)).toBe(400)
    }
    for (const name of ['lib/x.bin', 'LIB', 'lib/x.bin/y']) {
      const given = { ...job, job: { ...job.job, shared: [file, { ...file, name }] } }
      const refused = await putJob(given)
      expect(refused.status, name).toBe(400)
      expect(await refused.text()).toContain("can't both be there")
    }
  })
})
