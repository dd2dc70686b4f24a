/** A copy of a store in use: whole, of one moment, and without a pause for the others. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { packResults } from '../../../src/core/reports.ts'
import type { Store } from '../../../src/node/store/store.ts'
import { at, claim, digest, enqueue, type Held, newTask } from './held.ts'

/** Opens a copy as a node that begins with it does. */
export type OpenCopy = (file: string) => Promise<Store>

export function describeCopying(held: Held, openCopy: OpenCopy): void {
  async function copied(look: (copy: Store) => Promise<void>): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'tm-copy-'))
    const file = join(folder, 'copy')
    try {
      await held.store.copyTo(file)
      const copy = await openCopy(file)
      await look(copy).finally(() => copy.close())
    } finally {
      rmSync(folder, { recursive: true })
    }
  }

  describe('a copy', () => {
    it('has every task, body and result that was answered before', async () => {
      const ids = await enqueue(held.store, 5)
      const large = newTask({ body: 'x'.repeat(3 * 1024 ** 2) })
      await held.store.enqueue([large], at(1))
      const [first = ''] = ids
      await claim(held.store, 2, { max: 1 })
      const report = packResults([{ id: first, attempt: 1, result: digest(1) }])
      await held.store.complete('w1', report, at(3))
      const done = await held.store.results({ limit: 9 })
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

    it('is made while others go on, as often as is wanted', async () => {
      const acknowledged: string[] = []
      let going = true
      const others = (async () => {
        while (going) acknowledged.push(...(await enqueue(held.store, 50)))
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
      const found = await held.store.get(acknowledged)
      expect(found.every((task) => task?.state === 'queued')).toBe(true)
    })

    it('is never made over another file', async () => {
      await copied(async () => {})
      const folder = mkdtempSync(join(tmpdir(), 'tm-copy-'))
      const file = join(folder, 'copy')
      await held.store.copyTo(file)
      await expect(held.store.copyTo(file)).rejects.toThrow('EEXIST')
      await (await openCopy(file)).close()
      rmSync(folder, { recursive: true })
    })
  })
}
