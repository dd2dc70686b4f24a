/** A disk that is full or read-only: nothing is acknowledged that is not stored. */

import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, it, type TestContext } from 'vitest'
import { packResults } from '../../../src/api/reports.ts'
import type { AcceptedTask } from '../../../src/core/task.ts'
import { openStore } from '../../../src/node/store/open.ts'
import type { Store } from '../../../src/node/store/store.ts'
import { at, claim, digest, newTask } from '../../contract/store/held.ts'
import { mountTinyDisk, type TinyDisk } from './tiny-disk.ts'

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

const big = (kib: number): AcceptedTask => ({
  ...newTask(),
  body: new Uint8Array(kib * 1024).fill(7),
})

/** Enqueues until the disk is full. Gives the ids that were acknowledged. */
async function fill(into: Store, kib: number): Promise<string[]> {
  const acknowledged: string[] = []
  for (let i = 0; i < 1000; i++) {
    const task = big(kib)
    const error = await into.tasks.enqueue([task], at(i)).then(
      () => acknowledged.push(task.id) && undefined,
      (thrown: unknown) => thrown,
    )
    if (!error) continue
    expect(error).toMatchObject({ name: 'TmError', code: 'storage_full' })
    return acknowledged
  }
  throw new Error('the disk did not get full')
}

it('says that the disk is full, keeps reading, and recovers by itself', async (context) => {
  const { folder, remount } = mount(context, '4m')
  store = await openStore(`sqlite:${folder}`)
  const acknowledged = await fill(store, 64)
  expect(acknowledged.length).toBeGreaterThan(5)

  const refused = big(64)
  await expect(store.tasks.enqueue([refused], at(0))).rejects.toMatchObject({
    code: 'storage_full',
  })
  const [tasks, stats, missing] = await Promise.all([
    store.tasks.list({ limit: 999 }),
    store.tasks.stats(at(0)),
    store.tasks.get([refused.id]),
  ])
  expect(tasks.tasks.map(({ id }) => id)).toEqual(acknowledged)
  expect(stats).toMatchObject({ queued: acknowledged.length })
  expect(missing).toEqual([undefined])

  remount('size=16m')
  expect(await store.tasks.enqueue([refused], at(0))).toEqual(['created'])
  const [lease] = await claim(store.tasks, 1e6)
  const report = { id: lease?.id ?? '', attempt: 1, result: digest(1) }
  expect(await store.tasks.complete('w1', packResults([report]), at(1e6))).toEqual(['done'])

  await store.close()
  store = await openStore(`sqlite:${folder}`)
  const { tasks: kept } = await store.tasks.list({ limit: 999 })
  expect(kept.map(({ id }) => id)).toEqual([...acknowledged, refused.id])
})

it('stores tasks that still fit, even in the same turn as one that does not', async (context) => {
  const { folder } = mount(context, '4m')
  store = await openStore(`sqlite:${folder}`)
  const calls = [newTask(), big(8000), newTask()].map((task) => store?.tasks.enqueue([task], at(0)))
  const outcomes = await Promise.allSettled(calls)
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(outcomes[1]).toMatchObject({ reason: { code: 'storage_full' } })
  expect(await store.tasks.stats(at(0))).toMatchObject({ queued: 2 })
})

it('says that the disk is full when it starts, and starts once there is space', async (context) => {
  const { folder } = mount(context, '1m')
  const ballast = join(folder, 'ballast')
  expect(() => writeFileSync(ballast, Buffer.alloc(2 * 1024 ** 2))).toThrow('ENOSPC')
  const node = join(folder, 'node')
  await expect(openStore(`sqlite:${node}`)).rejects.toMatchObject({ code: 'storage_full' })
  rmSync(ballast)
  store = await openStore(`sqlite:${node}`)
  expect(await store.tasks.enqueue([newTask()], at(0))).toEqual(['created'])
})

it('says that a folder is read-only, and changes nothing in it', async (context) => {
  const { folder, remount } = mount(context, '4m')
  const node = join(folder, 'node')
  store = await openStore(`sqlite:${node}`)
  await store.tasks.enqueue([newTask()], at(0))
  await store.close()
  remount('ro')
  const error = { code: 'failed', suggestions: [expect.stringContaining('permissions')] }
  await expect(openStore(`sqlite:${node}`)).rejects.toMatchObject(error)
  const other = join(folder, 'other')
  await expect(openStore(`sqlite:${other}`)).rejects.toMatchObject(error)
  remount('rw')
  store = await openStore(`sqlite:${node}`)
  expect(await store.tasks.stats(at(0))).toMatchObject({ queued: 1 })
})
