/** Launches that fail: a worker that ends soon after it joined is one of them. */
import { describe, expect, it } from 'vitest'
import { createLaunchFailures, describeEnd, isWell } from '../../src/node/launch-failures.ts'

function open() {
  const time = { wall: 0, steady: 0 }
  return { time, failures: createLaunchFailures(() => time) }
}

describe('failed launches', () => {
  it('pause longer and longer, up to a minute', () => {
    const { time, failures } = open()
    const pauses = [1, 2, 3, 4, 5, 6, 7, 8, 9].map(() => {
      failures.add('no')
      const pause = failures.current()?.retryIn ?? 0
      time.steady += pause
      expect(failures.current()).toBeUndefined()
      return pause / 1000
    })
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60])
  })

  it('stay a problem during the next try, until a worker is well', () => {
    const { time, failures } = open()
    failures.add('no')
    time.steady += 1500
    expect(failures.current()).toBeUndefined()
    expect(failures.problem()).toBe('no')
    failures.clear()
    expect(failures.problem()).toBeUndefined()
    failures.add('again')
    expect(failures.current()?.retryIn).toBe(1000)
  })

  it('are forgotten a minute after the next try was due', () => {
    const { time, failures } = open()
    for (const _ of [1, 2, 3]) failures.add('no')
    time.steady += 4000 + 60_000
    expect(failures.problem()).toBe('no')
    time.steady += 1
    expect(failures.problem()).toBeUndefined()
    failures.add('no')
    expect(failures.current()?.retryIn).toBe(1000)
  })
})

describe('a worker', () => {
  it.each([
    ['never joined', { id: 'w', well: false }, 99_000, false],
    ['joined a moment ago', { id: 'w', joinedAt: 1000, well: false }, 10_999, false],
    ['is there for ten seconds', { id: 'w', joinedAt: 1000, well: false }, 11_000, true],
    ['has delivered an outcome', { id: 'w', joinedAt: 1000, well: true }, 1001, true],
  ])('that %s', (_, life, now, well) => {
    expect(isWell(life, now)).toBe(well)
  })

  it('leaves last words, or none', () => {
    const life = { id: 'w', joinedAt: 1000, well: false }
    expect(describeEnd(life, 1400, 'EACCES')).toBe('worker w ended 0.4 s after it joined: EACCES')
    expect(describeEnd({ id: 'w', well: false }, 1400, undefined)).toBe(
      'worker w ended before it joined',
    )
  })
})
