/** How much work waits and runs, of tasks of all sorts together. */
import { expect, it } from 'vitest'
import { classOfCosts, classOfJob, sumOf } from '../../../src/core/scaling/outlook.ts'

const bootMs = 60_000
const ended = (count: number, each: number) => {
  return { ended: count, ranMs: count * each, longestMs: each }
}

it('adds up jobs and other tasks, by how many a worker runs at the same time', () => {
  const job = classOfJob(
    { waiting: 30, ages: [1000, 3000], ...ended(40, 4000) },
    { places: 2, bootMs },
  )
  const others = classOfCosts(
    { waiting: 1000, running: 100, cost: 60_000 },
    { slots: 4, rate: 6000 },
  )
  expect(sumOf([job, others])).toEqual({
    work: { waiting: (30 * 4000) / 2 + (1000 * 10) / 4, inHand: 4000 / 2 + (100 * 5) / 4 },
    fills: { waiting: 15 + 250, all: 16 + 275 },
    spread: 0,
    known: true,
  })
})

it('knows nothing of tasks of which none has run', () => {
  const none = { ended: 0, ranMs: 0, longestMs: 0, ages: [] }
  const job = classOfJob({ waiting: 30, ...none }, { places: 2, bootMs })
  const others = classOfCosts({ waiting: 10, running: 0, cost: 60_000 }, { slots: 1, rate: 0 })
  expect(sumOf([job, others])).toMatchObject({ known: false, work: { waiting: 0, inHand: 0 } })
  expect(sumOf([])).toMatchObject({ known: false, fills: { waiting: 0, all: 0 } })
})

it('leaves out what no worker can run', () => {
  const job = classOfJob({ waiting: 30, ages: [], ...ended(40, 4000) }, { places: 0, bootMs })
  expect(sumOf([job])).toMatchObject({ known: false, fills: { waiting: 0, all: 0 } })
})

it('says by how much the longest takes longer', () => {
  const of = (longestMs: number) =>
    classOfJob({ waiting: 1, ages: [], ...ended(40, 4000), longestMs }, { places: 1, bootMs })
  expect(sumOf([of(9000), of(4000)]).spread).toBe(5000)
})
