import { describe, expect, it } from 'vitest'
import {
  type DiskSpace,
  describeIntake,
  type Intake,
  nextIntake,
  retentionIn,
  slowRate,
} from '../../src/core/intake.ts'

const gib = 1024 ** 3
/** A disk of an EC2 node, that full. */
const full = (percent: number): DiskSpace => ({
  free: (1 - percent / 100) * 8 * gib,
  size: 8 * gib,
})
const large = (free: number): DiskSpace => ({ free: free * gib, size: 500 * gib })

describe('an intake', () => {
  const rows: [Intake, string, DiskSpace, Intake][] = [
    ['open', '84 % full', full(84), 'open'],
    ['open', '86 % full', full(86), 'slow'],
    ['slow', '82 % full', full(82), 'slow'],
    ['slow', '79 % full', full(79), 'open'],
    ['slow', '94 % full', full(94), 'slow'],
    ['slow', '96 % full', full(96), 'closed'],
    ['open', '96 % full', full(96), 'closed'],
    ['closed', '94 % full', full(94), 'closed'],
    ['closed', '92 % full', full(92), 'slow'],
    ['closed', '10 % full', full(10), 'open'],
    ['open', 'of 500 GiB with 12 GiB free', large(12), 'open'],
    ['open', 'of 500 GiB with 9 GiB free', large(9), 'slow'],
    ['slow', 'of 500 GiB with 12 GiB free', large(12), 'slow'],
    ['slow', 'of 500 GiB with 14 GiB free', large(14), 'open'],
    ['open', 'of 500 GiB with 0.9 GiB free', large(0.9), 'closed'],
  ]
  it.each(rows)('that is %s, of a disk %s', (before, _, disk, after) => {
    expect(nextIntake(before, disk)).toBe(after)
  })

  it('is the slower, the less is free', () => {
    const rates = [70, 85, 88, 91, 95, 99].map((percent) => slowRate(full(percent)) / 1024 ** 2)
    expect(rates[0]).toBe(16)
    expect(rates[1]).toBeCloseTo(16)
    expect(rates.slice(1)).toEqual(rates.slice(1).toSorted((a, b) => b - a))
    expect(rates.at(-1)).toBe(1)
  })

  it('that is not open lets pulled results go after ten minutes, and nothing else', () => {
    const kept = { keepFor: 3_600_000, keepMost: 5 }
    expect(retentionIn('open', kept)).toEqual({ ...kept, keepPulledFor: 3_600_000 })
    expect(retentionIn('slow', kept)).toEqual({ ...kept, keepPulledFor: 600_000 })
    expect(retentionIn('closed', kept)).toEqual({ ...kept, keepPulledFor: 60_000 })
    expect(retentionIn('closed', { keepFor: 5, keepMost: 5 }).keepPulledFor).toBe(5)
  })

  it('is said in words, unless it is open', () => {
    expect(describeIntake('its', { ...full(80), intake: 'open' })).toBeUndefined()
    expect(describeIntake("node-1's", { ...full(87.5), intake: 'slow' })).toBe(
      "node-1's disk is 87 % full (1 GiB free): it takes new tasks slowly",
    )
    expect(describeIntake('its', { ...full(96), intake: 'closed' })).toMatch(/takes no new tasks$/)
  })
})
