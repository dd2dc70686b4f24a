/** The target policy as a table, and the arithmetic under it. */
import { describe, expect, it } from 'vitest'
import type { Action } from '../../../src/core/scaling/plan.ts'
import { automaticTarget, decideByTarget, doneIn, level } from '../../../src/core/scaling/target.ts'

const timing = { boot: 75_000, paidBoot: 63_000, gap: 500, leastPaid: 60_000 }
const settings = { target: 375_000, scaleAfter: 15_000 }
const failure = { reason: 'no capacity', retryIn: 4000 }
const refusal = { reason: 'all 5 places are in use', retryIn: 9000 }

/** Seconds of work on workers of two slots, and what a row says differently. */
interface Seen {
  tasks?: number
  each?: number
  inHand?: number
  running?: number
  up?: number
  starting?: number[]
  queued?: number
  waited?: number
  isUntried?: boolean
  limit?: number
  siblings?: number
  known?: boolean
  since?: number
  spread?: number
  paused?: boolean
  draining?: number
  launchFailure?: typeof failure
  refusal?: typeof refusal
}

function seenOf(row: Seen) {
  const { tasks = 0, each = 60, inHand = 0, running = 0, up = 0, starting = [] } = row
  const { limit = 50, known = true, since = 0, spread = 0, siblings = 1, paused = false } = row
  const { draining = 0, launchFailure, refusal: refused, queued = 0, waited = 0 } = row
  const { isUntried = false } = row
  return {
    backlog: tasks,
    oldestWait: waited * 1000,
    fills: Math.ceil(tasks / 2),
    jobWait: 0,
    active: up + starting.length + queued + draining,
    draining,
    limit: { own: limit, borrowed: 0, lent: 0 },
    siblings,
    paused,
    ...(launchFailure ? { launchFailure } : {}),
    ...(refused ? { refusal: refused } : {}),
    outlook: {
      work: { waiting: (tasks * each * 1000) / 2, inHand: inHand * 1000 },
      fills: { waiting: tasks / 2, all: (tasks + running) / 2 },
      spread: spread * 1000,
      unfinished: tasks + running,
      known,
      isUntried,
      since: since * 1000,
      workers: { up, starting: starting.map((age) => age * 1000), queued },
      timing,
    },
  }
}

type Row = [why: string, seen: Seen, action: Action, workers: number, reason: string]

const rows: Row[] = [
  ['nothing to do', {}, 'none', 0, 'no backlog: nothing to do (0 active workers)'],
  ['draining', { tasks: 9, paused: true }, 'none', 0, 'draining: no scaling'],
  ['over the limit', { up: 7, limit: 5 }, 'drain', 2, 'over the limit of 5'],

  // Nothing is known: one worker, and no second one.
  ['the first task', { tasks: 1000, known: false }, 'launch', 1, 'to see how long a task takes'],
  ['it boots', { tasks: 1000, known: false, starting: [10] }, 'none', 0, 'waiting for the first'],
  ['no place', { tasks: 9, known: false, limit: 0 }, 'borrow', 0, 'no place for a worker'],
  ['a failed launch', { tasks: 9, known: false, launchFailure: failure }, 'none', 0, 'no capacity'],

  [
    'another one, behind a command of hours',
    { tasks: 9, known: false, up: 1, waited: 16 },
    'launch',
    1,
    'launching one',
  ],
  [
    '… which has just come',
    { tasks: 9, known: false, up: 1, waited: 15 },
    'none',
    0,
    'waiting for the first',
  ],
  [
    '… at the limit',
    { tasks: 9, known: false, up: 5, waited: 16, limit: 5 },
    'borrow',
    0,
    'all workers busy, at the limit of 5',
  ],
  [
    'those that drain are no help',
    { tasks: 9, known: false, draining: 2 },
    'launch',
    1,
    'launching one',
  ],
  [
    'a setup that no worker has done',
    { tasks: 1000, isUntried: true },
    'launch',
    1,
    'to see whether its setup works',
  ],
  [
    '… while the first does it',
    { tasks: 1000, isUntried: true, starting: [200] },
    'none',
    0,
    'nobody knows yet whether the setup works',
  ],

  // As many as needed, at once: 30,000 s of work in 300 s take a hundred, and some because they start one after another.
  [
    '1,000 × 60 s, a limit of 200',
    { tasks: 1000, limit: 200 },
    'launch',
    111,
    '8 h 20 min of work',
  ],
  ['… of 50', { tasks: 1000 }, 'launch', 50, 'launching 50 (0 of 50)'],
  ['100 × 60 s', { tasks: 100 }, 'launch', 11, 'wanted in 6 min 15 s: launching 11'],
  ['less than a boot', { tasks: 40, each: 1 }, 'launch', 1, 'launching 1'],
  ['a failed launch of many', { tasks: 100, launchFailure: failure }, 'none', 0, 'next try'],

  // Those that are there, and those that start.
  ['enough are up', { tasks: 100, up: 9 }, 'none', 0, '9 active workers 5 min 54 s'],
  ['enough start', { tasks: 100, starting: Array(11).fill(20) }, 'none', 0, 'nothing to do'],
  ['some start', { tasks: 100, starting: Array(8).fill(74) }, 'launch', 1, 'launching 1 (8 of 50)'],
  ['what runs is work, too', { tasks: 90, up: 8, inHand: 900 }, 'launch', 3, 'launching 3'],
  [
    'some are to be launched yet',
    { tasks: 100, starting: Array(4).fill(2), queued: 7 },
    'none',
    0,
    'nothing to do',
  ],
  ['a boot that takes long', { tasks: 2, starting: [500] }, 'none', 0, 'nothing to do'],

  // No more workers than tasks, and whole tasks one after another.
  ['four tasks of four hours', { tasks: 4, each: 14_400 }, 'launch', 2, 'launching 2'],
  [
    '… which have workers',
    { tasks: 2, running: 2, each: 14_400, up: 2 },
    'none',
    0,
    'more workers than',
  ],
  ['100 × 200 s: one round', { tasks: 100, each: 200, limit: 99 }, 'launch', 50, 'launching 50'],
  ['100 × 149 s: two', { tasks: 100, each: 149, limit: 99 }, 'launch', 26, 'launching 26'],
  ['a few are long', { tasks: 100, spread: 100 }, 'launch', 13, 'launching 13'],

  [
    'one hangs: no worker helps it',
    { tasks: 100, each: 10, inHand: 9000, running: 1, up: 4 },
    'launch',
    2,
    'launching 2',
  ],
  ['one takes hours', { tasks: 100, each: 10, spread: 9000, up: 4 }, 'none', 0, 'nothing to do'],
  [
    'old ones end, and count for nothing',
    { tasks: 4, each: 600, draining: 4 },
    'launch',
    2,
    'launching 2',
  ],

  // Late: only such workers as work for longer than their boot costs.
  [
    'it is late',
    { tasks: 100, up: 5, since: 600 },
    'launch',
    25,
    '10 min 0 s, later than wanted: launching 25',
  ],
  ['late, but nearly done', { tasks: 20, up: 5, since: 600 }, 'none', 0, 'nothing to do'],

  // At the limit.
  ['at the limit', { tasks: 1000, up: 5, limit: 5 }, 'borrow', 0, 'at the limit of 5: asking'],
  ['… refused', { tasks: 1000, up: 5, limit: 5, refusal }, 'none', 0, 'asking again in 9.0 s'],
  ['… alone', { tasks: 1000, up: 5, limit: 5, siblings: 0 }, 'none', 0, 'no sibling'],
  ['… but in time', { tasks: 50, up: 5, limit: 5 }, 'none', 0, 'nothing to do'],

  // Nothing is left to do, and workers start.
  ['too many, and paid for', { starting: [61, 62, 30] }, 'drain', 2, 'ending 2 workers before'],
  [
    'those that are to be launched yet, too',
    { starting: [30], queued: 3 },
    'drain',
    3,
    'ending 3 workers before',
  ],
  ['… not yet', { starting: [59, 30] }, 'none', 0, 'no backlog'],
  ['… a task still runs', { starting: [61], running: 1, up: 1 }, 'none', 0, 'no backlog'],
]

describe('decideByTarget', () => {
  it.each(rows)('%s: %o → %s %i', (_why, seen, action, workers, reason) => {
    const plan = decideByTarget(seenOf(seen), settings)
    expect(plan).toMatchObject({ action, workers, reason: expect.stringContaining(reason) })
  })

  it('chooses a target by how long a boot takes: a fifth of what is paid for is boot', () => {
    expect(automaticTarget(timing)).toBe(327_000)
    const seen = seenOf({ tasks: 100 })
    expect(decideByTarget(seen, { ...settings, target: 0 })).toEqual(
      decideByTarget(seen, { ...settings, target: 327_000 }),
    )
  })

  it('asks for no second worker for the same work', () => {
    const first = decideByTarget(seenOf({ tasks: 300 }), settings)
    for (const age of [0, 5, 30, 70]) {
      const starting = Array<number>(first.workers).fill(age)
      const next = decideByTarget(seenOf({ tasks: 300, starting, since: age }), settings)
      expect([age, next.action]).toEqual([age, 'none'])
    }
  })
})

describe('work poured over workers', () => {
  it.each([
    ['one that is free', 100, [0], 100],
    ['two that are free', 100, [0, 0], 50],
    ['one that comes later', 100, [0, 40], 70],
    ['one that comes too late', 100, [0, 500], 100],
    ['in any order', 100, [40, 0], 70],
    ['no work', 0, [30, 10], 10],
    ['no worker', 100, [], Number.POSITIVE_INFINITY],
  ])('%s', (_name, work, open, done) => {
    expect(level(work, open)).toBe(done)
  })

  it('is done sooner with another worker, never later', () => {
    for (let more = 0; more < 200; more += 10) {
      const open = [0, 10, 90]
      expect(level(500, [...open, more])).toBeLessThanOrEqual(level(500, open))
    }
  })

  it('counts whole tasks', () => {
    const of = (workers: number) =>
      doneIn(
        { work: { waiting: 400, inHand: 0 }, fills: { waiting: 4, all: 4 }, spread: 0 },
        Array<number>(workers).fill(0),
      )
    expect([of(1), of(2), of(3), of(4)]).toEqual([400, 200, 190, 100])
  })
})
