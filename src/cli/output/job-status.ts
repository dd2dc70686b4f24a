/** How a job stands, in one line and a few below: for `tm run` and `tm wait`. Pure. */
import widthOf from 'fast-string-width'
import { describeDuration } from '../../core/duration.ts'
import type { StatusText } from '../../core/progress.ts'
import { number } from '../../core/text.ts'
import { beginOf, type JobProgress, type RunningTask } from '../jobs/progress.ts'
import { shorten } from './columns.ts'
import { nameOfTask } from './job-task.ts'
import { describeRate } from './progress.ts'
import { printable } from './terminal.ts'

export interface JobStanding {
  /** Its number and its name. */
  title: [number: string, name: string]
  total: number
  /** Tasks that are done as far as this command is concerned, and that failed. */
  done: number
  failed: number
  /** What the nodes said last; undefined until they were asked. */
  progress: JobProgress | undefined
  /** Wall-clock milliseconds. */
  now: number
  width: number
}

/** Of the tasks that have run longest, so many have a line. */
const shownRunning = 3

export function describeStanding(standing: JobStanding): StatusText {
  const { progress, now, width } = standing
  const line = statusLine(standing)
  const oldest = (progress?.running ?? []).slice(0, shownRunning)
  // Off a terminal there is one line, with the oldest at its end.
  if (width === Infinity) {
    const [first] = oldest
    return { line: first ? `${line}; ${describeRunning(first, now)}` : line, details: [] }
  }
  return { line, details: oldest.map((task) => runningLine(task, now, width)) }
}

/** `job 3 ffmpeg: 412 done, 3 failed, 16 running, 569 waiting, 2.1/s, about 4 min 30 s left` */
function statusLine({ title: [job, name], total, done, failed, progress, width }: JobStanding) {
  const counts = [
    `${number(done)} done`,
    ...(failed > 0 ? [`${number(failed)} failed`] : []),
    ...(progress
      ? [`${number(progress.counts.running)} running`, `${number(progress.counts.queued)} waiting`]
      : [`${number(total - done - failed)} to do`]),
  ]
  const { perSecond, leftMs } = progress ?? {}
  const rate = perSecond === undefined ? [] : [describeRate(perSecond)]
  const left = leftMs === undefined ? [] : [`about ${describeDuration(leftMs)} left`]
  const brief = leftMs === undefined ? [] : [`${describeDuration(leftMs)} left`]
  // What matters least goes first.
  const ways = [
    `job ${job} ${printable(name)}: ${[...counts, ...rate, ...left].join(', ')}`,
    `job ${job}: ${[...counts, ...rate, ...brief].join(', ')}`,
    `job ${job}: ${[...counts, ...brief].join(', ')}`,
    [...counts, ...brief].join(', '),
    counts.join(', '),
  ]
  return ways.find((text) => widthOf(text) <= width) ?? shorten(counts.join(', '), width)
}

function describeRunning(task: RunningTask, now: number): string {
  const line = task.line === undefined || task.line === '' ? '' : `: ${printable(task.line)}`
  return `task ${nameOfTask(task)} runs ${describeDuration(now - beginOf(task))}${line}`
}

/** The name gives way to the last line, and both to the width. */
function runningLine(task: RunningTask, now: number, width: number): string {
  const time = describeDuration(now - beginOf(task))
  const name = shorten(nameOfTask(task), Math.max(12, Math.floor(width / 3)))
  const start = `  running  ${name}  ${time}  `
  const room = width - widthOf(start)
  const said = printable(task.line ?? '')
  return (start + (room > 0 ? beginningOf(said, room) : '')).trimEnd()
}

/** Progress is mostly at the beginning of a line. */
function beginningOf(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  let end = Math.min(text.length, width)
  while (end > 0 && widthOf(text.slice(0, end)) > width - 1) end -= 1
  return `${text.slice(0, end)}…`
}
