/** What the user can do about what an explanation says. Pure. */
import { type Suggestion, suggest, tm } from '../../core/suggestions.ts'
import type { Explained, Explanation } from './explain.ts'

type Target = Pick<Explained, 'task' | 'job'>

const nothing: Suggestion[] = []

/** A word for the task or the job that other commands take. */
function wordOf({ task, job }: Target): string {
  return task?.id ?? String(job?.number)
}

function jobOf({ task, job }: Target): string {
  return task?.job ?? String(job?.number)
}

const moreWorkers = suggest`More workers: ${tm('up', { 'max-workers': 'N' })}`
const seeLogs = (target: Target) => suggest`What it wrote: ${tm('logs', {}, wordOf(target))}`
const seeHealth = suggest`See the nodes: ${tm('health')}`

/** Nothing for what needs only time. */
const next: Partial<Record<Explanation['why'], (target: Target) => Suggestion[]>> = {
  succeeded: (target) => (target.task ? nothing : [pull(target)]),
  failed: (target) => [
    ...(target.task?.job || target.job ? [seeLogs(target)] : []),
    suggest`Run it again: ${tm('retry', {}, wordOf(target))}`,
  ],
  runs: (target) =>
    target.task?.job
      ? [suggest`Follow it: ${tm('logs', { follow: true }, wordOf(target))}`]
      : nothing,
  'worker-silent': () => [seeHealth],
  'worker-gone': () => [seeHealth],
  draining: () => [suggest`Unless ${tm('down')} runs: ${tm('up')} restarts it`],
  paused: (target) => [
    suggest`What failed: ${tm('job', {}, jobOf(target))}`,
    suggest`Go on with it: ${tm('retry', {}, jobOf(target))}`,
  ],
  'retry-later': (target) => (target.task?.job ? [seeLogs(target)] : nothing),
  'too-large': (target) => [
    suggest`Have larger workers: ${tm('up', { 'worker-type': 'TYPE' })}`,
    suggest`Or cancel it, and ask for less: ${tm('cancel', {}, jobOf(target))}`,
  ],
  'being-tried': (target) => [suggest`See the first ones: ${tm('job', {}, jobOf(target))}`],
  'no-launch': () => [seeHealth],
  'no-place': () => [moreWorkers],
  'workers-silent': () => [seeHealth],
  'disks-full': () => [suggest`See which, and make room there: ${tm('health')}`],
  'behind-others': () => [moreWorkers],
  'nothing-waits': (target) => [suggest`See what runs: ${tm('job', {}, jobOf(target))}`],
}

function pull(target: Target): Suggestion {
  return suggest`Fetch its outputs: ${tm('pull', { to: 'DIR' }, wordOf(target))}`
}

export function whatNext({ why }: Pick<Explanation, 'why'>, target: Target): Suggestion[] {
  return next[why]?.(target) ?? nothing
}
