/** A job as `tm job` shows it. */
import { stripVTControlCharacters } from 'node:util'
import widthOf from 'fast-string-width'
import { describe, expect, it } from 'vitest'
import type { Task } from '../../../src/api/client.ts'
import type { JobView } from '../../../src/cli/jobs/jobs.ts'
import { type JobProgress, together } from '../../../src/cli/jobs/progress.ts'
import { nameOfTask, reasonOf } from '../../../src/cli/output/job-task.ts'
import { describeJob } from '../../../src/cli/output/jobs.ts'
import { describeRate } from '../../../src/cli/output/progress.ts'

const counts = { queued: 569, running: 16, succeeded: 412, failed: 3, cancelled: 0 }
const job = {
  id: 'an-id',
  createdAt: 0,
  counts,
  definition: { number: 3, name: 'ffmpeg', line: 'ffmpeg -i {in} {out}', tasks: 1000 },
} as JobView
const task = (n: number, more: Partial<Task & { line: string }>) =>
  ({ id: `id-${n}`, n, state: 'running', kind: 'command', ...more }) as Task

const progress: JobProgress = {
  counts,
  running: [
    task(413, { values: { in: 'clip_0413.avi' }, beganAt: 1000, line: 'frame= 2211 fps=60' }),
    task(414, { values: { in: 'clip_0414.avi' }, startedAt: 58_000 }),
  ],
  failed: [
    task(71, {
      state: 'failed',
      values: { in: 'clip_0071.avi' },
      error: 'exit 1: Input #0\nInvalid data',
    }),
  ],
  perSecond: 2.1,
  leftMs: 270_000,
  missing: [],
}
const shown = (width?: number) =>
  stripVTControlCharacters(describeJob({ job, jobs: [job], progress, now: 63_000, width }))

describe('a job', () => {
  it('has its counts, its pace, what runs with its last line, and why tasks failed', () => {
    expect(shown()).toBe(`Job 3 ffmpeg: running
  command  ffmpeg -i {in} {out}
  tasks    1,000: 569 queued, 16 running, 412 succeeded, 3 failed
  rate     2.1/s, about 4 min 30 s left
  age      1 min 3 s
  id       an-id
  running  413 clip_0413.avi  1 min 2 s  frame= 2211 fps=60
  running  414 clip_0414.avi  5.0 s
  and 14 more running
  failed  71 clip_0071.avi  exit 1: Invalid data
  and 2 more failed`)
  })

  it('has lines of tasks that fit into the terminal', () => {
    const long = task(1, { values: { in: 'x'.repeat(90) }, beganAt: 0, line: 'y'.repeat(200) })
    const wide = { ...progress, running: [long, ...progress.running] }
    const lines = stripVTControlCharacters(
      describeJob({ job, jobs: [job], progress: wide, now: 9e6, width: 80 }),
    ).split('\n')
    expect(Math.max(...lines.map((line) => widthOf(line)))).toBeLessThanOrEqual(80)
  })
})

describe('the progress of all nodes', () => {
  const node = (queued: number, running: Task[], failed: Task[], ended: number) => ({
    counts: { ...counts, queued },
    running,
    failed,
    pace: { ended, ms: 10_000 },
  })

  it('is their sum, the oldest first, and the time left at this rate', () => {
    const one = node(1, [task(1, { beganAt: 5 }), task(3, { beganAt: 9 })], [task(9, {})], 10)
    const two = node(4, [task(2, { startedAt: 7 })], [task(8, {})], 30)
    const sum = together([one, two], 2)
    expect(sum.counts).toMatchObject({ queued: 5, running: 32, succeeded: 824 })
    expect(sum.running.map(({ n }) => n)).toEqual([1, 2])
    expect(sum.failed.map(({ n }) => n)).toEqual([8, 9])
    expect(sum.perSecond).toBe(4)
    expect(sum.leftMs).toBe((37 / 4) * 1000)
  })

  it('says no rate while none has ended', () => {
    expect(together([node(1, [], [], 0)], 9)).not.toHaveProperty('perSecond')
    expect(together([], 9).counts).toMatchObject({ queued: 0, failed: 0 })
  })
})

it.each<[Partial<Task>, string]>([
  [{ n: 3, values: { in: 'a b.txt', stem: 'a b' } }, '3 a b.txt'],
  [{ n: 3, values: { line: 'x\u001b[2J' } }, '3 x\\u001b[2J'],
  [{ n: 3, values: { lr: '0.1', seed: '2' } }, '3 lr=0.1 seed=2'],
  [{ n: 3, values: { n: '3' } }, '3'],
  [{ n: 3, values: { n: '150' } }, '3 n=150'],
  [{ n: 3 }, '3'],
  [{}, 'some-id'],
])('the name of a task with %j is %j', (given, name) => {
  expect(nameOfTask({ id: 'some-id', ...given })).toBe(name)
})

it('the reason of a failure is one line, and never empty', () => {
  expect(reasonOf({ state: 'failed', error: 'exit 1: a: x\n  b\n' })).toBe('exit 1: b')
  expect(reasonOf({ state: 'failed', error: 'exit 1: a' })).toBe('exit 1: a')
  expect(reasonOf({ state: 'cancelled' })).toBe('cancelled')
})

it.each([
  [2345.6, '2,346/s'],
  [2.12, '2.1/s'],
  [0.05, '0.05/s'],
  [0.004, '14/h'],
  [0.001, '3.6/h'],
  [0, '0.0/s'],
])('a rate of %d is %s', (rate, text) => {
  expect(describeRate(rate)).toBe(text)
})
