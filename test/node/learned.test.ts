/** What a node learns of its workers, and keeps. */
import { expect, it } from 'vitest'
import { loadLearned } from '../../src/node/learned.ts'

function documents(saved: Record<string, unknown> = {}) {
  const kept = new Map(Object.entries(saved))
  let writes = 0
  return {
    writes: () => writes,
    load: async (key: string) => structuredClone(kept.get(key)),
    async save(key: string, value: unknown) {
      writes += 1
      kept.set(key, structuredClone(value))
    },
  }
}

const onError = (what: string) => expect.unreachable(what)
const starts = { boot: 75_000, pending: 12_000, gap: 500, leastPaid: 60_000 }

it('begins with what the provider says of its machines', async () => {
  const learned = await loadLearned({ documents: documents(), starts, onError })
  expect(learned.rate()).toBe(0)
  expect(learned.timing()).toEqual({ boot: 75_000, paidBoot: 63_000, gap: 500, leastPaid: 60_000 })
})

it('takes the median of the last twenty boots', async () => {
  const learned = await loadLearned({ documents: documents(), starts, onError })
  for (const ms of [40_000, 50_000, 600_000]) learned.booted(ms)
  expect(learned.timing()).toMatchObject({ boot: 50_000, paidBoot: 38_000 })
  for (let boot = 0; boot < 20; boot += 1) learned.booted(90_000)
  expect(learned.timing().boot).toBe(90_000)
})

it('remembers both over a restart, and does not write for each heartbeat', async () => {
  const store = documents()
  const before = await loadLearned({ documents: store, starts, onError })
  before.booted(40_000)
  for (let beat = 0; beat < 1000; beat += 1) before.measured(5000 + (beat % 7))
  expect(store.writes()).toBeLessThan(5)
  const after = await loadLearned({ documents: store, starts, onError })
  expect(after.timing().boot).toBe(40_000)
  expect(after.rate()).toBeGreaterThan(4500)
})

it('a boot of no time at all is possible', async () => {
  const learned = await loadLearned({ documents: documents(), starts: undefined, onError })
  learned.booted(0)
  expect(learned.timing()).toEqual({ boot: 0, paidBoot: 1, gap: 0, leastPaid: 0 })
})
