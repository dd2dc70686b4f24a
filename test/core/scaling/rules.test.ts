/** The four scaling rules as a table, and the two things that come before any of them. */
import { describe, expect, it } from 'vitest'
import { type Action, effectiveLimit, type Observation } from '../../../src/core/scaling/plan.ts'
import { decideByRules } from '../../../src/core/scaling/rules.ts'

const scaleAfter = 15_000
const failure = { reason: 'no capacity', retryIn: 4000 }
const refusal = { reason: 'all 5 places are in use', retryIn: 9000 }

/** A node of limit 5 with two siblings that has nothing to do, and what a row says differently. */
type Seen = Partial<Omit<Observation, 'limit'>> & { own?: number; borrowed?: number; lent?: number }

function observation({ own = 5, borrowed = 0, lent = 0, ...rest }: Seen): Observation {
  const limit = { own, borrowed, lent }
  const idle = { backlog: 0, oldestWait: 0, active: 0, draining: 0, siblings: 2, paused: false }
  const { backlog: fills = 0 } = rest
  return { ...idle, fills, jobWait: 0, ...rest, limit }
}

type Row = [why: string, seen: Seen, action: Action, rule: number, reason: string, workers?: number]

const late = { oldestWait: scaleAfter + 1 }

const rows: Row[] = [
  // 0: paused, then over the limit.
  ['paused with backlog', { backlog: 9, paused: true }, 'none', 0, 'no scaling until'],
  ['paused over the limit', { active: 7, paused: true }, 'none', 0, 'no scaling until'],
  ['one over the limit', { active: 6 }, 'drain', 0, '6 active workers over the limit of 5', 1],
  ['three over', { active: 6, own: 3, backlog: 9 }, 'drain', 0, 'draining 3', 3],
  ['over, some of it draining', { active: 6, own: 3, draining: 1 }, 'drain', 0, 'draining 2', 2],
  ['over, all of it draining', { active: 6, own: 3, draining: 3 }, 'none', 2, 'no backlog'],
  ['lent out under its workers', { active: 3, own: 5, lent: 3 }, 'drain', 0, 'limit of 2', 1],
  ['a loan has ended', { active: 6, borrowed: 0, backlog: 9 }, 'drain', 0, 'limit of 5', 1],
  ['limit 0, one worker', { active: 1, own: 0 }, 'drain', 0, '1 active worker over', 1],
  ['draining ones may not hide a surplus', { active: 8, draining: 2 }, 'drain', 0, 'draining 1', 1],

  // 1: backlog and no worker.
  ['the first task', { backlog: 1 }, 'launch', 1, 'backlog 1 and no active worker'],
  ['no wait is needed', { backlog: 9, oldestWait: 0 }, 'launch', 1, 'launching one'],
  ['a limit of one', { backlog: 1, own: 1 }, 'launch', 1, 'launching one'],
  ['a limit that is only borrowed', { backlog: 1, own: 0, borrowed: 1 }, 'launch', 1, 'launching'],
  ['a failed launch', { backlog: 1, launchFailure: failure }, 'none', 1, 'no capacity'],
  ['no backlog, no worker', {}, 'none', 2, 'no backlog: nothing to do (0 active workers)'],
  ['no backlog after long', { oldestWait: 1e9 }, 'none', 2, 'no backlog'],

  // Commands: by the workers that they fill, and by how long one has waited.
  [
    'eight commands fill one worker',
    { backlog: 8, fills: 1, active: 1, jobWait: 1 },
    'none',
    2,
    'backlog 8, which fills 1, ≤ 1 active worker',
  ],
  [
    'nine fill two',
    { backlog: 9, fills: 2, active: 1, ...late, jobWait: 15_001 },
    'launch',
    3,
    'launching one (1 of 5)',
  ],
  [
    'one behind a long command',
    { backlog: 1, active: 2, ...late, jobWait: 15_001 },
    'launch',
    3,
    'launching one (2 of 5)',
  ],
  [
    'one that has not waited long',
    { backlog: 1, active: 2, jobWait: 15_000 },
    'none',
    2,
    'backlog 1 ≤ 2',
  ],
  [
    'one behind a long command at the limit',
    { backlog: 1, active: 5, ...late, jobWait: 15_001 },
    'borrow',
    4,
    'backlog 1 and 5 active workers at the limit',
  ],
  ['what no worker can run', { backlog: 0, fills: 0, active: 0 }, 'none', 2, 'no backlog'],

  // 2: as many workers as tasks.
  ['no backlog, workers', { active: 3 }, 'none', 2, 'no backlog: nothing to do (3 active workers)'],
  ['backlog under active', { backlog: 2, active: 3, ...late }, 'none', 2, 'backlog 2 ≤ 3 active'],
  ['backlog exactly active', { backlog: 3, active: 3, ...late }, 'none', 2, 'backlog 3 ≤ 3 active'],
  ['… at the limit too', { backlog: 5, active: 5, ...late }, 'none', 2, 'nothing to do'],
  ['a starting worker counts', { backlog: 1, active: 1, ...late }, 'none', 2, '1 active worker:'],
  ['a draining worker counts', { backlog: 1, active: 1, draining: 1 }, 'none', 2, 'nothing to do'],

  // 3: under the limit.
  ['waited longer', { backlog: 4, active: 3, ...late }, 'launch', 3, 'launching one (3 of 5)'],
  [
    'waited exactly as long',
    { backlog: 4, active: 3, oldestWait: scaleAfter },
    'none',
    3,
    'waiting',
  ],
  ['has not waited', { backlog: 400, active: 3 }, 'none', 3, 'not longer than 15 s'],
  ['the last place', { backlog: 9, active: 4, ...late }, 'launch', 3, '(4 of 5)'],
  ['a borrowed place', { backlog: 9, active: 5, borrowed: 1, ...late }, 'launch', 3, '(5 of 6)'],
  [
    'a failed launch',
    { backlog: 9, active: 4, ...late, launchFailure: failure },
    'none',
    3,
    '4.0 s',
  ],
  ['a refusal is no matter', { backlog: 9, active: 4, ...late, refusal }, 'launch', 3, 'launching'],
  ['draining hold their place', { backlog: 9, active: 5, draining: 1 }, 'borrow', 4, 'asking'],

  // 4: at the limit.
  ['at the limit', { backlog: 6, active: 5 }, 'borrow', 4, 'backlog 6 and 5 active workers at the'],
  ['… however short the wait', { backlog: 6, active: 5, oldestWait: 0 }, 'borrow', 4, 'asking'],
  ['limit 0', { backlog: 1, own: 0 }, 'borrow', 4, 'at the limit of 0: asking siblings'],
  ['all is lent', { backlog: 1, own: 2, lent: 2 }, 'borrow', 4, 'at the limit of 0'],
  ['more is lent than there is', { backlog: 1, own: 1, lent: 3 }, 'borrow', 4, 'limit of 0'],
  ['a place is lent', { backlog: 9, active: 4, lent: 1 }, 'borrow', 4, 'at the limit of 4'],
  ['no sibling', { backlog: 6, active: 5, siblings: 0 }, 'none', 4, 'no sibling to ask for a loan'],
  ['refused', { backlog: 6, active: 5, refusal }, 'none', 4, 'asking again in 9.0 s'],
  ['launches fail', { backlog: 6, active: 5, launchFailure: failure }, 'none', 4, 'no capacity'],
]

describe('decideByRules', () => {
  it.each(rows)('%s: %o → %s, rule %i', (_why, seen, action, rule, reason, count = 0) => {
    const plan = decideByRules(observation(seen), { scaleAfter })
    const workers = action === 'launch' ? 1 : count
    expect(plan).toEqual({ action, rule, workers, reason: expect.stringContaining(reason) })
  })

  it('follows the setting, not a number of its own', () => {
    const seen = observation({ backlog: 9, active: 1, oldestWait: 101 })
    expect(decideByRules(seen, { scaleAfter: 100 }).action).toBe('launch')
    expect(decideByRules(seen, { scaleAfter: 101 }).action).toBe('none')
  })

  it('never launches without backlog, however long ago the last task came', () => {
    for (const active of [0, 1, 4, 5]) {
      for (const oldestWait of [0, scaleAfter + 1, 1e9]) {
        expect(decideByRules(observation({ active, oldestWait }), { scaleAfter }).action).toBe(
          'none',
        )
      }
    }
  })
})

describe('effectiveLimit', () => {
  it.each([
    [{ own: 5, borrowed: 0, lent: 0 }, 5],
    [{ own: 5, borrowed: 2, lent: 3 }, 4],
    [{ own: 1, borrowed: 0, lent: 3 }, 0],
    [{ own: 0, borrowed: 2, lent: 0 }, 2],
  ])('%o → %i', (limit, expected) => {
    expect(effectiveLimit(limit)).toBe(expected)
  })
})
