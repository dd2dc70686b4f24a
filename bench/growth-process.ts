/**
 * A store filled to one size, and what its calls take then, each in a process of its own:
 * `node bench/growth-process.ts fill|measure FOLDER SIZE`
 */

import { v7 } from 'uuid'
import { unpackLeases } from '../src/api/leases.ts'
import { packResults } from '../src/api/reports.ts'
import type { AcceptedTask } from '../src/core/task.ts'
import { openStore } from '../src/node/store/open.ts'
import type { TaskStore } from '../src/node/store/task-store.ts'
import { systemClock as clock } from '../src/runtime/system-clock.ts'
import { sha512Task } from '../test/support/sha512-task.ts'
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
  const store = await openStore(`sqlite:${folder}`)
  for (let done = 0; done < size; done += 1000) {
    await store.tasks.enqueue(Array.from({ length: 1000 }, task), clock())
    const leases = await claimSome(store.tasks, 1000)
    const reports = leases.map(({ id, attempt }) => ({ id, attempt, result: new Uint8Array(64) }))
    await store.tasks.complete('bench', packResults(reports), clock())
  }
  for (let done = 0; done < Math.max(size, calls * perClaim); done += 1000) {
    await store.tasks.enqueue(Array.from({ length: 1000 }, task), clock())
  }
  await store.close()
}

async function measure(size: number): Promise<Grown> {
  const began = performance.now()
  const store = await openStore(`sqlite:${folder}`)
  await store.tasks.resume(30_000, clock())
  await store.tasks.stats(clock())
  const open = performance.now() - began
  const middle = Math.ceil(size / 2)
  const grown = {
    open,
    claim: await timed(() => claimSome(store.tasks, perClaim)),
    enqueue: await timed(() => store.tasks.enqueue([task()], clock())),
    stats: await timed(() => store.tasks.stats(clock())),
    results: await timed(() => store.tasks.results({ limit: 1000 })),
    laterResults: await timed(() => store.tasks.results({ limit: 1000, cursor: middle })),
    list: await timed(() => store.tasks.list({ limit: 1000, cursor: middle })),
    memory: process.memoryUsage().rss,
  }
  await store.close()
  return grown
}

function task(): AcceptedTask {
  return sha512Task({ id: v7(), iterations: 1, body: new Uint8Array(1024) })
}

async function claimSome(store: TaskStore, max: number) {
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
