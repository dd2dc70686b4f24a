import { describe, expect, it } from 'vitest'
import {
  describeResources,
  howManyFit,
  isOneCpu,
  most,
  oneCpu,
  shareOf,
  without,
} from '../../src/core/resources.ts'

const GiB = 1024 ** 3
const machine = { cpus: 8, memory: 16 * GiB, disk: 100 * GiB }

describe('resources', () => {
  it.each([
    [oneCpu, 8],
    [{ ...oneCpu, cpus: 3 }, 2],
    [{ ...oneCpu, memory: 5 * GiB }, 3],
    [{ ...oneCpu, disk: 101 * GiB }, 0],
    [{ cpus: 2, memory: 16 * GiB, disk: GiB }, 1],
    [{ cpus: 9, memory: 0, disk: 0 }, 0],
  ])('%j fits %i times', (needs, times) => {
    expect(howManyFit(needs, machine)).toBe(times)
  })

  it('that are used never become less than nothing', () => {
    const left = without(machine, { cpus: 3, memory: GiB, disk: 0 }, 2)
    expect(left).toEqual({ cpus: 2, memory: 14 * GiB, disk: 100 * GiB })
    expect(without(left, { cpus: 3, memory: 99 * GiB, disk: 0 })).toMatchObject({
      cpus: 0,
      memory: 0,
    })
  })

  it('of a machine are shared by its workers, but for what the system needs', () => {
    expect(shareOf(machine, { workers: 1, slots: 1 })).toEqual({ ...machine, memory: 15.5 * GiB })
    const third = shareOf(machine, { workers: 3, slots: 1 })
    expect(third).toMatchObject({ cpus: 2, memory: Math.floor((15.5 * GiB) / 3) })
    expect(shareOf(machine, { workers: 100, slots: 2 })).toMatchObject({ cpus: 2 })
    expect(shareOf({ ...machine, memory: GiB / 4 }, { workers: 1, slots: 1 }).memory).toBe(0)
  })

  it('are GPUs, too, of a worker that has its machine to itself', () => {
    const withTwo = { ...machine, gpus: 2 }
    const needs = { ...oneCpu, gpus: 1 }
    expect(isOneCpu(needs)).toBe(false)
    expect(howManyFit(needs, machine)).toBe(0)
    expect(howManyFit(needs, withTwo)).toBe(2)
    expect(without(withTwo, needs)).toMatchObject({ gpus: 1 })
    expect(without(withTwo, needs, 2)).not.toHaveProperty('gpus')
    expect(most([machine, withTwo])).toMatchObject({ gpus: 2 })
    expect(shareOf(withTwo, { workers: 1, slots: 1 })).toMatchObject({ gpus: 2 })
    expect(shareOf(withTwo, { workers: 2, slots: 1 })).not.toHaveProperty('gpus')
    expect(describeResources({ ...oneCpu, gpus: 2 })).toBe('1 cpu, 2 GPUs')
  })

  it('are said in words, without what is not asked for', () => {
    expect(describeResources(oneCpu)).toBe('1 cpu')
    expect(describeResources({ cpus: 2, memory: 1.5 * GiB, disk: 10 * GiB })).toBe(
      '2 cpus, 1.5 GiB of memory, 10 GiB of disk',
    )
  })
})
