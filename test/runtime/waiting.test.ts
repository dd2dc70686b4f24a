/** The three ways to wait: trying again, one at a time, and looking until something is true. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { retry } from '../../src/runtime/retry.ts'
import { serial } from '../../src/runtime/serial.ts'
import { until } from '../../src/runtime/until.ts'

beforeEach(() => vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => vi.useRealTimers())

/** Pauses take no time, and are written down. */
const pauses: number[] = []
beforeEach(() => pauses.splice(0))
vi.mock('node:timers/promises', () => ({
  setTimeout: async (ms: number, _: undefined, { signal }: { signal?: AbortSignal } = {}) => {
    signal?.throwIfAborted()
    pauses.push(ms)
    vi.advanceTimersByTime(ms)
  },
}))

const backoff = { firstMs: 100, maxMs: 250 }

describe('retry', () => {
  /** Fails so often, then answers how many retries were left. */
  const failing = (times: number) => {
    let failed = 0
    return async (left: number) => {
      if (failed === times) return left
      failed += 1
      throw new Error(`failure ${failed}`)
    }
  }

  it('answers what the first success answers', async () => {
    expect(await retry(failing(0), { retries: 3, backoff })).toBe(3)
    expect(pauses).toEqual([])
    expect(await retry(failing(3), { retries: 3, backoff })).toBe(0)
    expect(pauses).toEqual([100, 200, 250])
  })

  it('throws the last error', async () => {
    await expect(retry(failing(9), { retries: 2, backoff })).rejects.toThrow('failure 3')
    await expect(retry(failing(9), { retries: 0, backoff })).rejects.toThrow('failure 1')
  })

  it('does not try again what will not help', async () => {
    const isPassing = (error: unknown) => (error as Error).message === 'failure 1'
    await expect(retry(failing(9), { retries: 5, backoff, isPassing })).rejects.toThrow('failure 2')
  })

  it('ends with its signal', async () => {
    const options = { retries: 5, backoff, signal: AbortSignal.abort() }
    await expect(retry(failing(9), options)).rejects.toThrow('failure 1')
  })
})

describe('serial', () => {
  it('runs one at a time, in order, also past a failure', async () => {
    const run = serial()
    const seen: string[] = []
    const work =
      (name: string, fails = false) =>
      async () => {
        seen.push(`${name} begins`)
        await Promise.resolve()
        seen.push(`${name} ends`)
        if (fails) throw new Error(name)
        return name
      }
    const all = [run(work('a')), run(work('b', true)), run(work('c'))]
    expect(await Promise.allSettled(all)).toMatchObject([
      { value: 'a' },
      { reason: { message: 'b' } },
      { value: 'c' },
    ])
    expect(seen).toEqual(['a', 'b', 'c'].flatMap((name) => [`${name} begins`, `${name} ends`]))
  })
})

describe('until', () => {
  /** Answers these, one after the other; each look takes a while. */
  const answers = <T>(list: T[], lookMs = 0) => {
    let next = 0
    return async () => {
      vi.advanceTimersByTime(lookMs)
      next += 1
      return list[Math.min(next, list.length) - 1] as T
    }
  }

  it('answers what it was waiting for', async () => {
    expect(await until(answers([undefined, false, null, 'here']), { pauseMs: 50 })).toBe('here')
    expect(pauses).toEqual([50, 50, 50])
    expect(await until(answers([0]), { pauseMs: 50 })).toBe(0)
    expect(await until(() => true, { pauseMs: 50, withinMs: 0 })).toBe(true)
  })

  it('looks once more when the time is over, and no more', async () => {
    expect(await until(answers([false]), { pauseMs: 40, withinMs: 100 })).toBeUndefined()
    expect(pauses).toEqual([40, 40, 20])
    expect(await until(answers([false]), { pauseMs: 40, withinMs: 0 })).toBeUndefined()
  })

  it('waits longer each time, and longer than looking takes', async () => {
    const pauseMs = { firstMs: 10, maxMs: 40 }
    await until(answers([false]), { pauseMs, withinMs: 100 })
    expect(pauses.splice(0)).toEqual([10, 20, 40, 30])
    await until(answers([false, false, true], 30), { pauseMs, share: 0.2 })
    expect(pauses).toEqual([120, 120])
  })

  it('throws what its signal was aborted with', async () => {
    const signal = AbortSignal.abort(new Error('stopped'))
    await expect(until(() => false, { pauseMs: 10, signal })).rejects.toThrow('stopped')
  })

  it('throws what the look throws', async () => {
    const look = async () => Promise.reject(new Error('no'))
    await expect(until(look, { pauseMs: 10 })).rejects.toThrow('no')
  })
})
