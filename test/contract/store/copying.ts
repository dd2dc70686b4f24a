/** A copy of a store in use: complete, of one moment, and no other call waits for it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { packResults } from '../../../src/api/reports.ts'
import type { Store } from '../../../src/node/store/store.ts'
import type { TaskStore } from '../../../src/node/store/task-store.ts'
import { at, claim, digest, enqueue, type Held, newTask } from './held.ts'

/** Opens a copy as a node does that starts with it. */
export type OpenCopy = (file: string) => Promise<Store>

export function describeCopying(held: Held, openCopy: OpenCopy): void {
  async function copied(look: (copy: TaskStore) => Promise<void>): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'tm-copy-'))
    const file = join(folder, 'copy')
    try {
      await held.snapshots.copyTo(file)
      const copy = await openCopy(file)
      await look(copy.tasks).finally(() => copy.close())
    } finally {
      rmSync(folder, { recursive: true })
    }
  }

  describe('a copy', () => {
    it('has every task, body and result that was acknowledged before', async () => {
      const ids = await enqueue(held.tasks, 5)
      const large = newTask({ body: 'x'.repeat(3 * 1024 ** 2) })
      await held.tasks.enqueue([large], at(1))
      const [first = ''] = ids
      await claim(held.tasks, 2, { max: 1 })
      const report = packResults([{ id: first, attempt: 1, result: digest(1) }])
      await held.tasks.complete('w1', report, at(3))
      const done = await held.tasks.results({ limit: 9 })
      await copied(async (copy) => {
        expect(await copy.results({ limit: 9 })).toEqual(done)
        expect(await copy.stats(at(4))).toMatchObject({ queued: 5, succeeded: 1 })
        const found = await copy.get([...ids, large.id])
        expect(found.map((task) => task?.size)).toEqual([4, 4, 4, 4, 4, 3 * 1024 ** 2])
        const wish = { max: 9, maxWork: 1e9, maxBytes: 1e9 }
        const leases = [...(await claim(copy, 5, wish)), ...(await claim(copy, 6, wish))]
        expect(leases.map(({ id }) => id)).toEqual([...ids.slice(1), large.id])
        const part = await copy.readBody(large.id, 2 * 1024 ** 2)
        expect(Buffer.from(part).equals(Buffer.alloc(part.length, 'x'))).toBe(true)
        expect(part.length).toBeGreaterThan(0)
      })
    })

    it('can be made again and again while other calls go on', async () => {
      const acknowledged: string[] = []
      let going = true
      const others = (async () => {
        while (going) acknowledged.push(...(await enqueue(held.tasks, 50)))
      })()
      try {
        for (let n = 0; n < 3; n += 1) {
          const before = [...acknowledged]
          await copied(async (copy) => {
            const found = await copy.get(before)
            expect(found.filter((task) => task === undefined)).toEqual([])
          })
        }
      } finally {
        going = false
        await others
      }
      const found = await held.tasks.get(acknowledged)
      expect(found.every((task) => task?.state === 'queued')).toBe(true)
    })

    it('never replaces another file', async () => {
      await copied(async () => {})
      const folder = mkdtempSync(join(tmpdir(), 'tm-copy-'))
      const file = join(folder, 'copy')
      await held.snapshots.copyTo(file)
      await expect(held.snapshots.copyTo(file)).rejects.toThrow('EEXIST')
      await (await openCopy(file)).close()
      rmSync(folder, { recursive: true })
    })
  })
}
