/** Shared files: parts under the hash of the whole, for as long as a job needs them. */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { oneCpu } from '../../../src/core/resources.ts'
import { keepUnusedMs } from '../../../src/node/store/shared-store.ts'
import { at, claim, type Held, newId, newTask } from './held.ts'

const part = 1024 ** 2
const keep = { keepFor: 1000, keepMost: 1000 }

/** Bytes that only this `seed` makes, and their hash. */
function contentOf(seed: number, size: number) {
  const bytes = new Uint8Array(size).map((_, index) => (index * 31 + (index >> 8) + seed) % 256)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const pieceOf = (n: number) => bytes.slice(n * part, (n + 1) * part)
  return { sha256, size, bytes, pieceOf }
}

export function describeShared(held: Held): void {
  type Content = ReturnType<typeof contentOf>

  const open = ({ sha256, size }: Content, ms = 0) =>
    held.shared.openShared({ sha256, size }, at(ms))
  const write = ({ sha256, pieceOf }: Content, n: number, ms = 0) =>
    held.shared.writeShared(sha256, n, pieceOf(n), at(ms))

  async function send(content: Content, ms = 0): Promise<void> {
    const { missing } = await open(content, ms)
    for (const n of missing) await write(content, n, ms)
    await held.shared.settleShared(content.sha256, true)
  }

  /** A job that needs these. */
  async function newJob(...contents: Content[]): Promise<string> {
    const job = newId()
    const shared = contents.map(({ sha256, size }) => ({ sha256, size }))
    await held.jobs.putJob({ id: job, definition: '{}', needs: oneCpu, shared }, at(0))
    return job
  }

  async function prune(ms: number): Promise<void> {
    while (await held.tasks.prune(keep, at(ms))) {}
  }

  const isHere = async (content: Content) =>
    (await held.shared.readShared(content.sha256, 0)) !== undefined

  describe('a shared file', () => {
    it('comes in parts in any order, and says which are missing, also after a restart', async () => {
      const file = contentOf(1, 2 * part + 10)
      expect(await open(file)).toEqual({ verified: false, missing: [0, 1, 2] })
      await write(file, 2)
      await write(file, 0)
      await held.reopen()
      expect(await open(file)).toEqual({ verified: false, missing: [1] })
      await write(file, 1)
      expect(await open(file)).toEqual({ verified: false, missing: [] })
    })

    it('is there for readers once it is verified, and then nobody changes it', async () => {
      const file = contentOf(2, part + 1)
      await open(file)
      await write(file, 0)
      await write(file, 1)
      expect(await held.shared.readShared(file.sha256, 1)).toBeUndefined()
      expect(await held.shared.readShared(file.sha256, 1, true)).toEqual(file.pieceOf(1))
      await held.shared.settleShared(file.sha256, true)
      await held.shared.writeShared(file.sha256, 1, new Uint8Array(1), at(0))
      await held.reopen()
      expect(await held.shared.readShared(file.sha256, 0)).toEqual(file.pieceOf(0))
      expect(await held.shared.readShared(file.sha256, 1)).toEqual(file.pieceOf(1))
      expect(await held.shared.readShared(file.sha256, 2)).toBeUndefined()
      expect(await open(file)).toEqual({ verified: true, missing: [] })
    })

    it('may be empty', async () => {
      const file = contentOf(3, 0)
      expect(await open(file)).toEqual({ verified: false, missing: [] })
      await held.shared.settleShared(file.sha256, true)
      expect(await open(file)).toEqual({ verified: true, missing: [] })
    })

    it('begins anew if its hash is wrong', async () => {
      const file = contentOf(4, 5)
      await open(file)
      await write(file, 0)
      await held.shared.settleShared(file.sha256, false)
      expect(await held.shared.readShared(file.sha256, 0, true)).toBeUndefined()
      await expect(write(file, 0)).rejects.toMatchObject({ code: 'not_found' })
      expect(await open(file)).toEqual({ verified: false, missing: [0] })
    })

    it('begins anew in another size, unless it is verified', async () => {
      const file = contentOf(5, part + 5)
      await held.shared.openShared({ sha256: file.sha256, size: 7 }, at(0))
      expect(await open(file)).toMatchObject({ missing: [0, 1] })
      await send(file)
      const other = held.shared.openShared({ sha256: file.sha256, size: 7 }, at(0))
      await expect(other).rejects.toMatchObject({ code: 'conflict' })
      expect(await isHere(file)).toBe(true)
    })

    it('refuses what is not one of its parts', async () => {
      const file = contentOf(6, part + 5)
      await open(file)
      const wrong: [number, number][] = [
        [0, 5],
        [1, 4],
        [1, part],
        [2, 0],
        [2, 5],
      ]
      for (const [n, size] of wrong) {
        const written = held.shared.writeShared(file.sha256, n, new Uint8Array(size), at(0))
        await expect(written, `${n}: ${size}`).rejects.toMatchObject({ code: 'conflict' })
      }
      expect(await open(file)).toMatchObject({ missing: [0, 1] })
    })

    it('has to be there before a job that needs it', async () => {
      const file = contentOf(7, 5)
      await expect(newJob(file)).rejects.toMatchObject({ code: 'conflict' })
      await open(file)
      await write(file, 0)
      await expect(newJob(file)).rejects.toMatchObject({ code: 'conflict' })
      await held.shared.settleShared(file.sha256, true)
      await expect(newJob({ ...file, size: 6 })).rejects.toMatchObject({ code: 'conflict' })
      expect(await held.jobs.listJobs()).toEqual([])
      await newJob(file)
      expect(await held.jobs.listJobs()).toHaveLength(1)
    })

    it('stays while a job needs it, and goes some hours after the last one', async () => {
      const file = contentOf(8, 2 * part)
      await send(file)
      const [one, other] = [await newJob(file, file), await newJob(file)]
      const tasks = [one, other].map((job) => ({ ...newTask(), job }))
      await held.tasks.enqueue(tasks, at(0))
      await prune(10 * keepUnusedMs)
      expect(await isHere(file)).toBe(true)
      await held.reopen()
      await held.jobs.cancelJob(one, at(10))
      await prune(10 * keepUnusedMs)
      expect((await held.jobs.listJobs()).map(({ id }) => id)).toEqual([other])
      expect(await isHere(file)).toBe(true)
      await claim(held.tasks, 20)
      await held.jobs.cancelJob(other, at(30))
      await prune(10 * keepUnusedMs)
      expect(await held.jobs.listJobs()).toEqual([])
      expect(await isHere(file)).toBe(false)
      expect(await open(file)).toEqual({ verified: false, missing: [0, 1] })
    })

    it('stays for some hours without a job, counted from when it was last asked for', async () => {
      const [old, asked, broken] = [contentOf(9, 5), contentOf(10, 5), contentOf(11, part + 5)]
      await send(old)
      await send(asked)
      await open(broken)
      await write(broken, 0)
      await prune(keepUnusedMs - 1)
      expect(await isHere(old)).toBe(true)
      await open(asked, 10)
      await prune(keepUnusedMs)
      expect([await isHere(old), await isHere(asked)]).toEqual([false, true])
      expect(await open(broken)).toMatchObject({ missing: [0, 1] })
    })

    it('leaves nothing behind: a new one of the same bytes has only its own parts', async () => {
      const file = contentOf(12, 3 * part)
      await send(file)
      // One step drops it, the next ones remove a part each.
      await held.tasks.prune(keep, at(keepUnusedMs))
      await held.tasks.prune(keep, at(keepUnusedMs))
      expect(await isHere(file)).toBe(false)
      await held.reopen()
      expect(await open(file, keepUnusedMs)).toEqual({ verified: false, missing: [0, 1, 2] })
      await write(file, 1, keepUnusedMs)
      await prune(keepUnusedMs)
      expect(await open(file, keepUnusedMs)).toEqual({ verified: false, missing: [0, 2] })
    })
  })
}
