/** What a node knows of a task and of what it waits for: all that an explanation rests on. */
import type { Resources } from '../resources.ts'
import type { Plan } from '../scaling/plan.ts'
import type { StoredTask } from '../task.ts'

export interface WorkerFacts {
  id: string
  state: 'starting' | 'preparing' | 'idle' | 'busy' | 'draining' | 'lost'
  /** Tasks that it holds. */
  running: number
  /** It takes no tasks of jobs. */
  diskFull?: true
  /** Its setup, while it runs. */
  preparing?: { beganAt: number; line: string }
  /** Wall-clock milliseconds, like all times here. */
  launchedAt: number
}

export interface NodeFacts {
  now: number
  node: string
  isDraining: boolean
  /** Of all nodes: one that finds nothing at its own node asks the others. */
  workers: WorkerFacts[]
  /** Nodes that did not say which workers they have. */
  missing: string[]
  /** Of workers, with loans. */
  limit: number
  /** What the largest worker has; undefined while that is not known. */
  largest: Resources | undefined
  /** What the scaler decided last. */
  plan: Pick<Plan, 'rule' | 'action' | 'reason'>
  /** Why no worker can be launched. */
  launchProblem: string | undefined
}

export interface JobFacts {
  number: number
  needs: Resources
  /** Why none of its tasks runs. */
  paused?: string
  /** One worker tries it, since no task has succeeded yet. */
  isBeingTried?: boolean
}

export interface TaskFacts extends NodeFacts {
  task: Pick<
    StoredTask,
    | 'state'
    | 'attempts'
    | 'failures'
    | 'enqueuedAt'
    | 'runAt'
    | 'startedAt'
    | 'completedAt'
    | 'worker'
    | 'error'
  >
  /** Undefined for a task without a job. */
  job: JobFacts | undefined
  /** What the worker says of its command. */
  sign: { beganAt: number; line: string } | undefined
  /** Tasks that claims take first: {@link mostBefore} if there are more. Only of a task that may run now. */
  before: number | undefined
}

/** More tasks than this before one are not counted. */
export const mostBefore = 1000

/** Stable: programs read them. */
export const whys = [
  'succeeded',
  'failed',
  'cancelled',
  'runs',
  'held',
  'worker-silent',
  'worker-gone',
  'draining',
  'paused',
  'retry-later',
  'too-large',
  'being-tried',
  'no-launch',
  'no-place',
  'setting-up',
  'starting',
  'no-worker',
  'workers-silent',
  'workers-leaving',
  'disks-full',
  'behind-others',
  'next',
  'nothing-waits',
  'no-tasks',
] as const
export type Why = (typeof whys)[number]

export interface Explanation {
  why: Why
  /** One sentence for people, without its full stop. */
  because: string
  /** What it rests on, by name. */
  facts: Record<string, string>
}
