/** Progress: a line for each step that is done, now and then one for a long count, both with time. */
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it, vi } from 'vitest'
import { createReporter, describeCount } from '../../../src/cli/output/progress.ts'
import { number, pluralize } from '../../../src/core/text.ts'

const spinners: { text: string; running: boolean }[] = []
vi.mock('ora', () => ({
  default: ({ text }: { text: string }) => {
    const spinner = {
      text,
      running: false,
      start() {
        spinner.running = true
        return spinner
      },
      stop() {
        spinner.running = false
      },
    }
    spinners.push(spinner)
    return spinner
  },
}))

function setUp(animated: boolean) {
  const lines: string[] = []
  const time = { now: 1000 }
  spinners.length = 0
  const reporter = createReporter({
    write: (text) => lines.push(stripVTControlCharacters(text)),
    animated,
    now: () => time.now,
  })
  return { lines, time, reporter }
}

describe('a step', () => {
  it('is a line when it is done, with what was noted last', async () => {
    const { lines, time, reporter } = setUp(false)
    const result = await reporter.step('node-1', async (note) => {
      note('starting')
      time.now += 1234
      note('process 5')
      expect(lines).toEqual([])
      return 7
    })
    expect(result).toBe(7)
    expect(lines).toEqual(['✔ node-1: process 5 (1.2 s)'])
    expect(spinners).toEqual([])
  })

  it('is a line when it fails, and fails', async () => {
    const { lines, reporter } = setUp(false)
    const step = reporter.step('node-1', async () => {
      throw new Error('no')
    })
    await expect(step).rejects.toThrow('no')
    expect(lines).toEqual(['✖ node-1 (0.0 s)'])
  })

  it.each([true, false])(
    'spins on a terminal, and ends whether it works (%s) or not',
    async (ok) => {
      const { lines, reporter } = setUp(true)
      const step = reporter.step('node-1', async (note) => {
        note('starting')
        expect(spinners).toMatchObject([{ text: 'node-1: starting', running: true }])
        if (!ok) throw new Error('no')
      })
      await step.catch(() => {})
      expect(spinners).toMatchObject([{ running: false }])
      expect(lines).toEqual([`${ok ? '✔' : '✖'} node-1: starting (0.0 s)`])
    },
  )
})

describe('a count', () => {
  it('gives no credit for what was done before it began', () => {
    const { lines, time, reporter } = setUp(false)
    const counter = reporter.count('done', 1000)
    counter.from(900)
    time.now += 10_000
    counter.set(950)
    counter.end()
    const all = reporter.count('done', 5)
    all.from(5)
    all.end()
    expect(lines).toEqual([
      'done 950 of 1,000, 5.0/s, 10 s left',
      '✔ done 950 of 1,000, 5.0/s (10 s)',
      '✔ done 5 of 5 (0.0 s)',
    ])
  })

  it('says how far it is every 5 s off a terminal, and how it ended', () => {
    const { lines, time, reporter } = setUp(false)
    const counter = reporter.count('enqueued', 10_000)
    for (let second = 1; second <= 12; second += 1) {
      time.now += 1000
      counter.set(second * 500)
    }
    counter.end()
    expect(lines).toEqual([
      'enqueued 2,500 of 10,000, 500/s, 15 s left',
      'enqueued 5,000 of 10,000, 500/s, 10 s left',
      '✔ enqueued 6,000 of 10,000, 500/s (12 s)',
    ])
    expect(spinners).toEqual([])
  })

  it('moves all the time on a terminal', () => {
    const { lines, time, reporter } = setUp(true)
    const counter = reporter.count('enqueued', 10)
    time.now += 100
    counter.set(5)
    expect(spinners).toMatchObject([{ text: 'enqueued 5 of 10, 50/s, 0.1 s left', running: true }])
    counter.end(false)
    expect(spinners).toMatchObject([{ running: false }])
    expect(lines).toEqual(['✖ enqueued 5 of 10, 50/s (0.1 s)'])
  })
})

describe('words for figures', () => {
  const rows: [number, number, number, string][] = [
    [0, 10, 0, 'x 0 of 10, 0.0/s'],
    [1, 10, 4000, 'x 1 of 10, 0.3/s, 36 s left'],
    [10, 10, 1000, 'x 10 of 10, 10/s, 0.0 s left'],
    [3200, 10_000, 627, 'x 3,200 of 10,000, 5,104/s, 1.3 s left'],
    [5, 10, 0, 'x 5 of 10, 5,000/s, 0.0 s left'],
  ]
  it.each(rows)('%i of %i in %i ms', (count, total, elapsedMs, text) => {
    expect(describeCount({ title: 'x', count, total, elapsedMs })).toBe(text)
  })

  it('numbers have commas, and nouns their plural', () => {
    expect(number(1234567)).toBe('1,234,567')
    expect([0, 1, 2000].map((count) => pluralize(count, 'worker'))).toEqual([
      '0 workers',
      '1 worker',
      '2,000 workers',
    ])
  })
})
