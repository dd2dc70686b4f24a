/** Jobs as `tm jobs` and `tm job` show them. */
import chalk from 'chalk'
import { describeDuration } from '../../core/duration.ts'
import { type Place, renderCommand, tm } from '../../core/suggestions.ts'
import { taskStates } from '../../core/task.ts'
import { number } from '../../core/text.ts'
import { describeTaken, type JobView } from '../jobs/jobs.ts'
import type { JobProgress } from '../jobs/progress.ts'
import { columns, shorten, tabs } from './columns.ts'
import { failedRows, runningRows } from './job-task.ts'
import { describeRate } from './progress.ts'

export const noJobs = 'No jobs yet. Begin one: tm run'

const endings = ['succeeded', 'failed', 'cancelled'] as const

/** How many of the tasks have ended. */
function ended({ counts }: JobView): number {
  return endings.reduce((sum, state) => sum + counts[state], 0)
}

export function stateOfJob(job: JobView): 'queued' | 'running' | 'paused' | 'done' | 'failed' {
  const { queued, running, failed } = job.counts
  if (queued + running === 0) return failed > 0 ? 'failed' : 'done'
  if (job.paused !== undefined && queued > 0) return 'paused'
  return running > 0 || ended(job) > 0 ? 'running' : 'queued'
}

export function describeJobs(
  jobs: JobView[],
  { now, terminal }: { now: number; terminal: boolean },
): string {
  const rows = jobs.map((job) => [
    String(job.definition.number),
    job.definition.name,
    stateOfJob(job),
    ...taskStates.map((state) => number(job.counts[state])),
    describeDuration(now - job.createdAt),
  ])
  if (!terminal) {
    return tabs(rows.map((row, index) => [...row, (jobs[index] as JobView).id]))
  }
  if (rows.length === 0) return noJobs
  const titles = ['JOB', 'NAME', 'STATE', ...taskStates.map((state) => state.toUpperCase()), 'AGE']
  const shown = rows.map(([first = '', name = '', ...rest]) => [first, shorten(name, 20), ...rest])
  return columns([titles.map((title) => chalk.bold(title)), ...shown])
}

export interface JobDetails {
  job: JobView
  /** All jobs. */
  jobs: JobView[]
  progress: JobProgress
  now: number
  /** How the user reached the cluster, for the commands that are suggested. */
  place?: Place
  /** Of the terminal; undefined for a file or a pipe. */
  width?: number | undefined
}

export function describeJob(details: JobDetails): string {
  const { job, jobs, progress, now, width } = details
  const { definition } = job
  const { counts } = progress
  const states = taskStates
    .filter((state) => counts[state] > 0)
    .map((state) => `${number(counts[state])} ${state}`)
  const told = [...states, ...describeTaken(jobs, job)]
  const state = stateOfJob({ ...job, counts })
  const title = `Job ${chalk.bold(definition.number)} ${definition.name}: ${state}`
  const rows = [
    ['  command', definition.line],
    ['  tasks', `${number(definition.tasks)}: ${told.join(', ') || 'none sent yet'}`],
    ...(state === 'paused' ? pausedRows(details) : []),
    ...(job.isBeingTried
      ? [['  canary', 'one worker tries it first, since no task has succeeded']]
      : []),
    ...paceRow(progress),
    ['  age', describeDuration(now - job.createdAt)],
    ['  id', job.id],
  ]
  return [
    title,
    columns(rows),
    ...runningRows(progress, now, width),
    ...failedRows(progress, width),
  ].join('\n')
}

function pausedRows({ job: { paused = '', definition }, place }: JobDetails): string[][] {
  const command = (name: string) => renderCommand(tm(name, {}, String(definition.number)), place)
  return [
    ['  paused', paused],
    ['  go on', command('retry')],
    ['  end it', command('cancel')],
  ]
}

function paceRow({ perSecond, leftMs, counts }: JobProgress): string[][] {
  if (perSecond === undefined || counts.queued + counts.running === 0) return []
  const left = leftMs === undefined ? '' : `, about ${describeDuration(leftMs)} left`
  return [['  rate', `${describeRate(perSecond)}${left}`]]
}
