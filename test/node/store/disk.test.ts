/** A disk that is full, or that can not be written: nothing is acknowledged that is not stored. */

import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it, type TestContext } from 'vitest'
import { packResults } from '../../../src/core/reports.ts'
import type { NewTask } from '../../../src/core/task.ts'
import { openSqliteStore } from '../../../src/node/store/sqlite/sqlite.ts'
import type { Store } from '../../../src/node/store/store.ts'
import { at, claim, digest, newTask } from '../../contract/store/held.ts'
import { shareCompiledCode } from './folder.ts'
import { mountTinyDisk, type TinyDisk } from './tiny-disk.ts'

shareCompiledCode()

let disk: TinyDisk | undefined
let store: Store | undefined

afterEach(async () => {
  await store?.close()
  disk?.remove()
  store = undefined
  disk = undefined
})

function mount(context: TestContext, size: string): TinyDisk {
  const mounted = mountTinyDisk(size)
  if ('why' in mounted) {
    const reason = `not shown, for there is no tiny disk to fill: ${mounted.why}`
    process.stderr.write(`SKIPPED ${context.task.name}: ${reason}\n`)
    return context.skip(reason)
  }
  disk = mounted
  return mounted
}

const big = (kib: number): NewTask => ({ ...newTask(), body: new Uint8Array(kib * 1024).fill(7) })

/** Enqueues until the disk is full. Gives the ids that were acknowledged. */
async function fill(into: Store, kib: number): Promise<string[]> {
  const acknowledged: string[] = []
  for (let i = 0; i < 1000; i++) {
    const task = big(kib)
    const error = await into.enqueue([task], at(i)).then(
      () => acknowledged.push(task.id) && undefined,
      (thrown: unknown) => thrown,
    )
    if (!error) continue
    expect(error).toMatchObject({ name: 'TmError', code: 'storage_full' })
    return acknowledged
  }
  throw new Error('the disk did not get full')
}

it('says when the disk is full, reads on, and recovers by itself', async (context) => {
  const { folder, remount } = mount(context, '4m')
  store = await openSqliteStore({ folder })
  const acknowledged = await fill(store, 64)
  expect(acknowledged.length).toBeGreaterThan(5)

  const refused = big(64)
  await expect(store.enqueue([refused], at(0))).rejects.toMatchObject({ code: 'storage_full' })
  const [tasks, stats, missing] = await Promise.all([
    store.list({ limit: 999 }),
    store.stats(at(0)),
    store.get([refused.id]),
  ])
  expect(tasks.tasks.map(({ id }) => id)).toEqual(acknowledged)
  expect(stats).toMatchObject({ queued: acknowledged.length })
  expect(missing).toEqual([undefined])

  remount('size=16m')
  expect(await store.enqueue([refused], at(0))).toEqual(['created'])
  const [lease] = await claim(store, 1e6)
  const report = { id: lease?.id ?? '', attempt: 1, result: digest(1) }
  expect(await store.complete('w1', packResults([report]), at(1e6))).toEqual(['done'])

  await store.close()
  store = await openSqliteStore({ folder })
  const { tasks: kept } = await store.list({ limit: 999 })
  expect(kept.map(({ id }) => id)).toEqual([...acknowledged, refused.id])
})

it('stores what still fits beside what does not', async (context) => {
  const { folder } = mount(context, '4m')
  store = await openSqliteStore({ folder })
  const calls = [newTask(), big(8000), newTask()].map((task) => store?.enqueue([task], at(0)))
  const outcomes = await Promise.allSettled(calls)
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(outcomes[1]).toMatchObject({ reason: { code: 'storage_full' } })
  expect(await store.stats(at(0))).toMatchObject({ queued: 2 })
})

it('starts on a full disk when it has made room, and says so before', async (context) => {
  const { folder } = mount(context, '1m')
  const ballast = join(folder, 'ballast')
  expect(() => writeFileSync(ballast, Buffer.alloc(2 * 1024 ** 2))).toThrow('ENOSPC')
  const node = join(folder, 'node')
  await expect(openSqliteStore({ folder: node })).rejects.toMatchObject({ code: 'storage_full' })
  rmSync(ballast)
  store = await openSqliteStore({ folder: node })
  expect(await store.enqueue([newTask()], at(0))).toEqual(['created'])
})

it('says that a folder can not be written, and touches nothing in it', async (context) => {
  const { folder, remount } = mount(context, '4m')
  const node = join(folder, 'node')
  store = await openSqliteStore({ folder: node })
  await store.enqueue([newTask()], at(0))
  await store.close()
  remount('ro')
  const error = { code: 'failed', suggestions: [expect.stringContaining('permissions')] }
  await expect(openSqliteStore({ folder: node })).rejects.toMatchObject(error)
  const other = join(folder, 'other')
  await expect(openSqliteStore({ folder: other })).rejects.toMatchObject(error)
  remount('rw')
  store = await openSqliteStore({ folder: node })
  expect(await store.stats(at(0))).toMatchObject({ queued: 1 })
})
