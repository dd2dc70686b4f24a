/** How a job stands, in lines that fit. */
import widthOf from 'fast-string-width'
import { expect, it } from 'vitest'
import type { JobProgress } from '../../../src/cli/jobs/progress.ts'
import { describeStanding, type JobStanding } from '../../../src/cli/output/job-status.ts'

const progress = {
  counts: { queued: 569, running: 16, succeeded: 412, failed: 3, cancelled: 0 },
  running: [
    { id: 'a', n: 413, values: { in: 'clip_0413.avi' }, beganAt: 1000, line: 'frame= 2211 fps=60' },
    {
      id: 'b',
      n: 414,
      values: { in: '日本語'.repeat(20) },
      beganAt: 58_000,
      line: 'x'.repeat(200),
    },
    { id: 'c', n: 415, startedAt: 60_000, line: '\u001b[2J' },
    { id: 'd', n: 416, startedAt: 61_000 },
  ],
  failed: [],
  perSecond: 2.1,
  leftMs: 270_000,
  missing: [],
} as unknown as JobProgress
const standing: JobStanding = {
  title: ['3', 'ffmpeg'],
  total: 1000,
  done: 412,
  failed: 3,
  progress,
  now: 63_000,
  width: 100,
}

it('is one line, and those that have run longest', () => {
  expect(describeStanding(standing)).toEqual({
    line: 'job 3 ffmpeg: 412 done, 3 failed, 16 running, 569 waiting, 2.1/s, about 4 min 30 s left',
    details: [
      '  running  413 clip_0413.avi  1 min 2 s  frame= 2211 fps=60',
      expect.stringMatching(/^ {2}running {2}414 日.*….*語 {2}5\.0 s {2}x+…$/),
      '  running  415  3.0 s  \\u001b[2J',
    ],
  })
})

it('is one line with the oldest off a terminal', () => {
  expect(describeStanding({ ...standing, width: Infinity })).toEqual({
    line: 'job 3 ffmpeg: 412 done, 3 failed, 16 running, 569 waiting, 2.1/s, about 4 min 30 s left; task 413 clip_0413.avi runs 1 min 2 s: frame= 2211 fps=60',
    details: [],
  })
})

it.each([
  [77, 'job 3: 412 done, 3 failed, 16 running, 569 waiting, 2.1/s, 4 min 30 s left'],
  [70, 'job 3: 412 done, 3 failed, 16 running, 569 waiting, 4 min 30 s left'],
  [60, '412 done, 3 failed, 16 running, 569 waiting, 4 min 30 s left'],
  [45, '412 done, 3 failed, 16 running, 569 waiting'],
  [20, '412 done, …9 waiting'],
])('fits into %d columns', (width, line) => {
  const shown = describeStanding({ ...standing, width })
  expect(shown.line).toBe(line)
  for (const one of [shown.line, ...shown.details]) {
    expect(widthOf(one)).toBeLessThanOrEqual(Math.max(width, 40))
  }
})

it('says what there is to do before the nodes have been asked', () => {
  const early = { ...standing, progress: undefined, failed: 0, done: 0 }
  expect(describeStanding(early)).toEqual({
    line: 'job 3 ffmpeg: 0 done, 1,000 to do',
    details: [],
  })
})
