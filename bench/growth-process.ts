/**
 * A store filled to one size, and what its calls take then, each in a process of its own:
 * `node bench/growth-process.ts fill|measure FOLDER SIZE`
 */
import { v7 } from 'uuid'
import { unpackLeases } from '../src/core/leases.ts'
import { packResults } from '../src/core/reports.ts'
import type { NewTask } from '../src/core/task.ts'
import { systemClock as clock } from '../src/node/clock.ts'
import { openSqliteStore } from '../src/node/store/sqlite/sqlite.ts'
import type { Store } from '../src/node/store/store.ts'
import { median } from './table.ts'

/** Milliseconds (medians) and bytes. */
export interface Grown {
  claim: number
  enqueue: number
  stats: number
  /** The newest page, and a page in the middle. */
  results: number
  laterResults: number
  list: number
  open: number
  memory: number
}

const calls = 60
const perClaim = 100

const [what, folder = '', size = ''] = process.argv.slice(2)
if (what === 'fill') await fill(Number(size))
if (what === 'measure') console.log(JSON.stringify(await measure(Number(size))))

/** So many succeeded and so many queued ones; of these at least as many as are claimed later. */
async function fill(size: number): Promise<void> {
  const store = await openSqliteStore({ folder })
  for (let done = 0; done < size; done += 1000) {
    await store.enqueue(Array.from({ length: 1000 }, task), clock())
    const leases = await claimSome(store, 1000)
    const reports = leases.map(({ id, attempt }) => ({ id, attempt, result: new Uint8Array(64) }))
    await store.complete('bench', packResults(reports), clock())
  }
  for (let done = 0; done < Math.max(size, calls * perClaim); done += 1000) {
    await store.enqueue(Array.from({ length: 1000 }, task), clock())
  }
  await store.close()
}

async function measure(size: number): Promise<Grown> {
  const began = performance.now()
  const store = await openSqliteStore({ folder })
  await store.resume(30_000, clock())
  await store.stats(clock())
  const open = performance.now() - began
  const middle = Math.ceil(size / 2)
  const grown = {
    open,
    claim: await timed(() => claimSome(store, perClaim)),
    enqueue: await timed(() => store.enqueue([task()], clock())),
    stats: await timed(() => store.stats(clock())),
    results: await timed(() => store.results({ limit: 1000 })),
    laterResults: await timed(() => store.results({ limit: 1000, cursor: middle })),
    list: await timed(() => store.list({ limit: 1000, cursor: middle })),
    memory: process.memoryUsage().rss,
  }
  await store.close()
  return grown
}

function task(): NewTask {
  return { id: v7(), iterations: 1, body: new Uint8Array(1024) }
}

async function claimSome(store: Store, max: number) {
  const wish = { worker: 'bench', max, maxWork: 1e9, maxBytes: 1e9, lease: 30_000 }
  return unpackLeases((await store.claim(wish, clock())).frames)
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const took: number[] = []
  for (let n = 0; n < calls; n += 1) {
    const began = performance.now()
    await work()
    took.push(performance.now() - began)
  }
  return median(took)
}
