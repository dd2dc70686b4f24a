/** Why a queued task does not run yet: the first thing that stands in its way. Pure. */
import { describeDuration } from '../duration.ts'
import { describeResources, howManyFit, isOneCpu } from '../resources.ts'
import { number, pluralize } from '../text.ts'
import {
  type Explanation,
  mostBefore,
  type TaskFacts,
  type Why,
  type WorkerFacts,
} from './facts.ts'

type Reason = Pick<Explanation, 'why' | 'because'>

/** In this order: what comes first would still stand in the way if the rest were well. */
const checks: ((facts: TaskFacts) => Reason | undefined)[] = [
  draining,
  paused,
  retryLater,
  tooLarge,
  beingTried,
  noWorkerReady,
  disksFull,
]

export function whyWaiting(facts: TaskFacts): Reason {
  for (const check of checks) {
    const reason = check(facts)
    if (reason) return reason
  }
  return inLine(facts)
}

const because = (why: Why, text: string): Reason => ({ why, because: text })

function draining({ isDraining, node }: TaskFacts): Reason | undefined {
  if (!isDraining) return undefined
  return because('draining', `${node} is draining: it gives no tasks to workers until it restarts`)
}

function paused({ job }: TaskFacts): Reason | undefined {
  if (job?.paused === undefined) return undefined
  return because('paused', `job ${job.number} is paused: ${job.paused}`)
}

function retryLater({ task, now }: TaskFacts): Reason | undefined {
  const { runAt = 0, failures, error } = task
  if (runAt <= now) return undefined
  const times = failures === 1 ? 'once' : `${number(failures)} times`
  const what = failures === 0 ? 'its worker could not run it' : `it has failed ${times}`
  const last = error === undefined ? '' : ` (${error})`
  const next = describeDuration(runAt - now)
  return because('retry-later', `${what}${last}, and it runs again in ${next}`)
}

function tooLarge({ job, largest }: TaskFacts): Reason | undefined {
  if (!job || !largest || howManyFit(job.needs, largest) > 0) return undefined
  const has = describeResources(largest)
  const needs = describeResources(job.needs)
  return because('too-large', `it needs ${needs}, and the largest worker has ${has}`)
}

function beingTried({ job }: TaskFacts): Reason | undefined {
  if (!job?.isBeingTried) return undefined
  return because(
    'being-tried',
    `one worker tries job ${job.number} first: the other tasks wait for its first success`,
  )
}

const isReady = ({ state }: WorkerFacts) => state === 'idle' || state === 'busy'

function noWorkerReady(facts: TaskFacts): Reason | undefined {
  const { node, workers, limit, launchProblem, plan } = facts
  if (workers.some(isReady)) return undefined
  const preparing = workers.find((worker) => worker.preparing)
  if (preparing) return settingUp(preparing, facts)
  const starting = workers.filter(({ state }) => state === 'starting')
  if (starting.length > 0) return whileStarting(starting, facts)
  if (launchProblem !== undefined)
    return because('no-launch', `no worker can be launched: ${launchProblem}`)
  if (workers.some(({ state }) => state === 'lost')) {
    const them = workers.length === 1 ? 'the only worker does' : 'the workers do'
    return because('workers-silent', `nobody takes it: ${them} not answer`)
  }
  if (limit === 0) return because('no-place', `${node} may have no worker: its limit is 0`)
  if (workers.length > 0)
    return because('workers-leaving', `all workers are stopping: ${plan.reason}`)
  return because('no-worker', `there is no worker yet: ${plan.reason}`)
}

function settingUp({ id, preparing }: WorkerFacts, { now }: TaskFacts): Reason {
  const { beganAt, line } = preparing as NonNullable<WorkerFacts['preparing']>
  const since = describeDuration(now - beganAt)
  const said = line === '' ? '' : `: ${line}`
  return because('setting-up', `the setup of ${id} has run for ${since}${said}`)
}

function whileStarting(starting: WorkerFacts[], { now }: TaskFacts): Reason {
  const oldest = Math.min(...starting.map(({ launchedAt }) => launchedAt))
  const since = describeDuration(now - oldest)
  const [first] = starting as [WorkerFacts]
  const who = starting.length === 1 ? `${first.id} is` : `${starting.length} workers are`
  return because('starting', `${who} starting, for ${since}`)
}

function disksFull({ job, workers }: TaskFacts): Reason | undefined {
  const ready = workers.filter(isReady)
  if (!job || ready.some(({ diskFull }) => !diskFull)) return undefined
  const who = ready.length === 1 ? `the disk of ${ready[0]?.id} is` : 'the disks of all workers are'
  return because('disks-full', `${who} full: commands run when there is room again`)
}

function inLine({ before = 0, workers, job }: TaskFacts): Reason {
  const ready = workers.filter(isReady)
  if (before > 0) {
    const count = before >= mostBefore ? `${number(mostBefore)} or more` : number(before)
    const are = before === 1 ? 'task is' : 'tasks are'
    const take = ready.length === 1 ? 'works' : 'work'
    const who = `${pluralize(ready.length, 'worker')} ${take} on them`
    return because('behind-others', `${count} ${are} before it, and ${who}`)
  }
  if (ready.some(({ state }) => state === 'idle'))
    return because('next', 'it is next: an idle worker takes it in a moment')
  const free = job && !isOneCpu(job.needs) ? `has ${describeResources(job.needs)} free` : 'is free'
  const who = ready.length === 1 ? 'the only worker' : `one of ${number(ready.length)} workers`
  return because('next', `it is next: it runs when ${who} ${free}`)
}

/** `3 busy, 1 starting`; `none`. */
export function countStates(workers: WorkerFacts[]): string {
  if (workers.length === 0) return 'none'
  const states = Map.groupBy(workers, ({ state }) => state)
  return [...states].map(([state, some]) => `${number(some.length)} ${state}`).join(', ')
}

/** What the reason rests on. */
export function factsOfWaiting(facts: TaskFacts, { why }: Reason): Record<string, string> {
  const { job, task, now, node, workers, missing, limit, plan, before } = facts
  const isBehind = before !== undefined && why === 'behind-others'
  return {
    waits: describeDuration(now - task.enqueuedAt),
    ...(isBehind ? { before: pluralize(before, 'task') } : {}),
    ...(job && !isOneCpu(job.needs) ? { needs: describeResources(job.needs) } : {}),
    ...(task.failures > 0 && task.error !== undefined ? { failed: task.error } : {}),
    workers: countStates(workers),
    ...(missing.length > 0 ? { 'did not answer': missing.join(', ') } : {}),
    limit: `${pluralize(limit, 'worker')} of ${node}`,
    scaling: plan.reason,
  }
}
