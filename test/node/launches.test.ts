/** Several launches at a time, no faster than the provider takes them, and no more after a failure. */
import { expect, it } from 'vitest'
import { createLaunchFailures } from '../../src/node/launch-failures.ts'
import { createLaunches } from '../../src/node/launches.ts'
import type { Worker } from '../../src/node/worker-state.ts'

const workersOf = (count: number): Worker[] =>
  Array.from({ length: count }, (_, index) => ({
    ...{ id: `w${index}`, machine: undefined, heartbeat: undefined, well: false, leaving: false },
    ...{ launchedAt: 0, heardAt: 0 },
  }))

function setUp({ gapMs = 0, failsAt = Number.POSITIVE_INFINITY } = {}) {
  const began: number[] = []
  const dropped: string[] = []
  const abandoned: string[] = []
  const unwanted = new Set<string>()
  let open = 0
  let mostOpen = 0
  /** Ends the oldest launch that is open. */
  const ends: (() => void)[] = []
  const failures = createLaunchFailures(() => ({ wall: 0, steady: 0 }))
  const launchAll = createLaunches({
    async launch(id) {
      began.push(performance.now())
      if (began.length > failsAt) throw new Error('no capacity')
      open += 1
      mostOpen = Math.max(mostOpen, open)
      await new Promise<void>((resolve) => ends.push(resolve))
      open -= 1
      return { id, kind: 'worker', cluster: 'c', launchedAt: 0 }
    },
    failures,
    isWanted: ({ id }) => !unwanted.has(id) && !failures.current(),
    onBegin: () => {},
    abandon: async ({ id }) => void abandoned.push(id),
    drop: ({ id }) => dropped.push(id),
    gapMs: () => gapMs,
    onError: () => {},
  })
  async function endAll(count: number): Promise<void> {
    for (let ended = 0; ended < count; ended += 1) {
      await expect.poll(() => ends.length, { interval: 1 }).toBeGreaterThan(0)
      ends.shift()?.()
    }
  }
  return {
    launchAll,
    began,
    dropped,
    abandoned,
    unwanted,
    failures,
    endAll,
    mostOpen: () => mostOpen,
  }
}

it('has four calls open at a time, also of two orders', async () => {
  const launches = setUp()
  const workers = workersOf(10)
  const all = [launches.launchAll(workers.slice(0, 6)), launches.launchAll(workers.slice(6))]
  await expect.poll(() => launches.began.length).toBe(4)
  await launches.endAll(10)
  await Promise.all(all)
  expect(launches.mostOpen()).toBe(4)
  expect(workers.every(({ machine }) => machine)).toBe(true)
})

it('leaves a gap between two of them', async () => {
  const launches = setUp({ gapMs: 30 })
  const all = launches.launchAll(workersOf(5))
  await launches.endAll(5)
  await all
  const gaps = launches.began.slice(1).map((at, index) => at - (launches.began[index] ?? 0))
  // A timer may be a millisecond early.
  for (const gap of gaps) expect(gap).toBeGreaterThan(27)
})

it('drops the rest after a failure', async () => {
  const launches = setUp({ gapMs: 5, failsAt: 2 })
  const all = launches.launchAll(workersOf(9))
  await launches.endAll(2)
  await all
  expect(launches.began).toHaveLength(3)
  expect(launches.dropped.toSorted()).toEqual(['w2', 'w3', 'w4', 'w5', 'w6', 'w7', 'w8'])
})

it('counts several failures at a time once', async () => {
  const launches = setUp({ failsAt: 0 })
  await launches.launchAll(workersOf(4))
  expect(launches.dropped).toHaveLength(4)
  expect(launches.failures.current()?.retryIn).toBe(1000)
})

it('drops what nobody wants any more, and ends a machine that came too late', async () => {
  const launches = setUp()
  const workers = workersOf(6)
  const all = launches.launchAll(workers)
  await expect.poll(() => launches.began.length).toBe(4)
  launches.unwanted.add('w4')
  Object.assign(workers[0] as Worker, { leaving: true })
  await launches.endAll(5)
  await all
  expect(launches.dropped).toEqual(['w4'])
  expect(launches.abandoned).toEqual(['w0'])
})
