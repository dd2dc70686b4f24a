/** A store filled to one size, and what its calls take then. `node bench/growth-process.ts SIZE` */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { v7 } from 'uuid'
import { unpackLeases } from '../src/core/leases.ts'
import { packResults } from '../src/core/reports.ts'
import type { NewTask } from '../src/core/task.ts'
import { systemClock as clock } from '../src/node/clock.ts'
import { openSqliteStore } from '../src/node/store/sqlite/sqlite.ts'
import type { Store } from '../src/node/store/store.ts'
import { median } from './table.ts'

export const sizes = [1000, 10_000, 100_000, 1_000_000]

/** Milliseconds (medians) and bytes. */
export interface Grown {
  size: number
  claim: number
  enqueue: number
  stats: number
  results: number
  open: number
  memory: number
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(JSON.stringify(await measure(Number(process.argv[2]))))
}

async function measure(size: number): Promise<Grown> {
  const folder = mkdtempSync(join(tmpdir(), 'tm-bench-'))
  const filling = await openSqliteStore({ folder })
  await fill(filling, size)
  await filling.close()

  const began = performance.now()
  const store = await openSqliteStore({ folder })
  await store.resume(30_000, clock())
  await store.stats(clock())
  const open = performance.now() - began

  const claim = await timed(60, () => claimSome(store, 100))
  const enqueue = await timed(60, () => store.enqueue([task()], clock()))
  const stats = await timed(60, () => store.stats(clock()))
  const results = await timed(60, () => store.results({ limit: 20 }))
  const { rss } = process.memoryUsage()
  await store.close()
  rmSync(folder, { recursive: true })
  return { size, claim, enqueue, stats, results, open, memory: rss }
}

function task(): NewTask {
  return { id: v7(), iterations: 1, body: new Uint8Array(1024) }
}

/** As many succeeded as queued ones. */
async function fill(store: Store, size: number): Promise<void> {
  for (let done = 0; done < size; done += 1000) {
    await store.enqueue(Array.from({ length: 1000 }, task), clock())
    const leases = await claimSome(store, 1000)
    const reports = leases.map(({ id, attempt }) => ({ id, attempt, result: new Uint8Array(64) }))
    await store.complete('bench', packResults(reports), clock())
  }
  for (let done = 0; done < size; done += 1000) {
    await store.enqueue(Array.from({ length: 1000 }, task), clock())
  }
}

async function claimSome(store: Store, max: number) {
  const wish = { worker: 'bench', max, maxWork: 1e9, maxBytes: 1e9, lease: 30_000 }
  return unpackLeases((await store.claim(wish, clock())).frames)
}

async function timed(times: number, work: () => Promise<unknown>): Promise<number> {
  const took: number[] = []
  for (let n = 0; n < times; n += 1) {
    const began = performance.now()
    await work()
    took.push(performance.now() - began)
  }
  return median(took)
}
