import { describe, expect, it } from 'vitest'
import { oneCpu } from '../../../src/core/resources.ts'
import { worthOf } from '../../../src/core/scaling/worth.ts'

const capacity = { cpus: 8, memory: 8, disk: 8 }
const job = (tasks: number, needs = {}, oldestWait = 0) => ({
  needs: { ...oneCpu, ...needs },
  tasks,
  oldestWait,
})

const canary = (tasks: number) => ({ ...job(tasks, {}, 50), canary: true })

describe('the worth of a backlog in workers', () => {
  it('is a worker for each task without a job, as the four rules have it', () => {
    const worth = worthOf({ backlog: 5, jobs: [], looseWait: 70 }, { capacity })
    expect(worth).toEqual({ backlog: 5, fills: 5, oldestWait: 70, jobWait: 0 })
  })

  it.each([
    ['a worker of eight processors runs eight', [job(8)], 1],
    ['and one more fills a second', [job(9)], 2],
    ['large ones fill more', [job(3, { cpus: 4 })], 2],
    ['by what is scarcest', [job(3, { cpus: 1, memory: 8 })], 3],
    ['jobs share a worker', [job(4), job(1, { cpus: 4 })], 1],
  ])('%s', (_, jobs, fills) => {
    const backlog = jobs.reduce((sum, { tasks }) => sum + tasks, 0)
    expect(worthOf({ backlog, jobs, looseWait: 0 }, { capacity })).toMatchObject({ backlog, fills })
  })

  it('counts each task as a worker while nobody knows what a worker has', () => {
    expect(worthOf({ backlog: 9, jobs: [job(9)], looseWait: 0 })).toMatchObject({ fills: 9 })
  })

  it('leaves out what no worker can ever run, and how long that has waited', () => {
    const jobs = [job(4, { cpus: 9 }, 5000), job(8, {}, 40)]
    const worth = worthOf({ backlog: 13, jobs, looseWait: 30 }, { capacity })
    expect(worth).toEqual({ backlog: 9, fills: 2, oldestWait: 40, jobWait: 40 })
  })

  it.each([
    ['a job to try fills one worker, however many tasks it has', [canary(100)], [], 1, 100],
    ['or less', [canary(4), job(4)], [], 1, 8],
    ['two such jobs fill two', [canary(100), canary(100)], [], 2, 200],
    ['none, while a worker starts that will try it', [canary(100)], [undefined], 0, 0],
    ['or one is idle', [canary(100)], [capacity], 0, 0],
    ['unless that is too small', [canary(100)], [{ cpus: 0, memory: 8, disk: 8 }], 1, 100],
    ['which leaves other jobs as they are', [canary(100), job(16)], [undefined], 2, 16],
  ])('%s', (_, jobs, ready, fills, backlog) => {
    const all = jobs.reduce((sum, { tasks }) => sum + tasks, 0)
    const worth = worthOf({ backlog: all, jobs, looseWait: 0 }, { capacity, ready })
    expect(worth).toMatchObject({ fills, backlog })
  })
})
