/** Why a task or a job is where it is: each situation that a user may wonder about. */
import { describe, expect, it } from 'vitest'
import type { TaskFacts, WorkerFacts } from '../../../src/core/explain/facts.ts'
import { explainJob } from '../../../src/core/explain/job.ts'
import { explainTask } from '../../../src/core/explain/task.ts'
import { oneCpu } from '../../../src/core/resources.ts'

const minute = 60_000
const now = 10 * minute

const worker = (state: WorkerFacts['state'], more: Partial<WorkerFacts> = {}): WorkerFacts => ({
  id: 'w-1',
  state,
  running: state === 'busy' ? 1 : 0,
  launchedAt: now - 12_000,
  ...more,
})

const task: TaskFacts['task'] = {
  state: 'queued',
  attempts: 0,
  failures: 0,
  enqueuedAt: now - 2 * minute,
}

const waiting: TaskFacts = {
  now,
  node: 'node-1',
  task,
  job: undefined,
  sign: undefined,
  before: 0,
  isDraining: false,
  workers: [worker('busy')],
  missing: [],
  limit: 4,
  largest: { cpus: 2, memory: 4 * 1024 ** 3, disk: 1e9 },
  plan: { rule: 2, action: 'none', reason: 'backlog 1 and 1 active worker' },
  launchProblem: undefined,
}

const job = { number: 3, needs: oneCpu }
const running: TaskFacts = {
  ...waiting,
  before: undefined,
  task: { ...task, state: 'running', attempts: 1, worker: 'w-1', startedAt: now - minute },
}
const ended = (more: Partial<TaskFacts['task']>): TaskFacts => ({
  ...running,
  task: { ...running.task, completedAt: now - 5000, ...more },
})
const noWorkers = { ...waiting, workers: [] }

const situations: [name: string, facts: TaskFacts, why: string, because: string][] = [
  [
    'no worker yet, and how long the rule still waits',
    {
      ...noWorkers,
      plan: { rule: 3, action: 'none', reason: 'waited 4 s, not longer than 15 s: waiting' },
    },
    'no-worker',
    'there is no worker yet: waited 4 s, not longer than 15 s: waiting',
  ],
  [
    'a loan was refused',
    {
      ...noWorkers,
      plan: { rule: 4, action: 'none', reason: 'at the limit of 1: no loan (none is free)' },
    },
    'no-worker',
    'there is no worker yet: at the limit of 1: no loan (none is free)',
  ],
  [
    'no worker is allowed',
    { ...noWorkers, limit: 0 },
    'no-place',
    'node-1 may have no worker: its limit is 0',
  ],
  [
    'launches fail',
    { ...noWorkers, launchProblem: 'InsufficientInstanceCapacity' },
    'no-launch',
    'no worker can be launched: InsufficientInstanceCapacity',
  ],
  [
    'a worker boots',
    { ...waiting, workers: [worker('starting')] },
    'starting',
    'w-1 is starting, for 12 s',
  ],
  [
    'several boot',
    { ...waiting, workers: [worker('starting'), worker('starting', { launchedAt: now - 3000 })] },
    'starting',
    '2 workers are starting, for 12 s',
  ],
  [
    'a setup runs',
    {
      ...waiting,
      workers: [
        worker('preparing', { preparing: { beganAt: now - 130_000, line: 'Installing: gdal' } }),
      ],
    },
    'setting-up',
    'the setup of w-1 has run for 2 min 10 s: Installing: gdal',
  ],
  [
    'all workers stop',
    { ...waiting, workers: [worker('draining')] },
    'workers-leaving',
    'all workers are stopping: backlog 1 and 1 active worker',
  ],
  [
    'no worker answers',
    { ...waiting, workers: [worker('lost')] },
    'workers-silent',
    'nobody takes it: the only worker does not answer',
  ],
  [
    'the node drains',
    { ...waiting, isDraining: true, workers: [] },
    'draining',
    'node-1 is draining: it gives no tasks to workers until it restarts',
  ],
  [
    'its job is paused',
    { ...waiting, job: { ...job, paused: 'the first 10 tasks failed alike: exit 1' } },
    'paused',
    'job 3 is paused: the first 10 tasks failed alike: exit 1',
  ],
  [
    'one worker tries its job',
    { ...waiting, job: { ...job, isBeingTried: true } },
    'being-tried',
    'one worker tries job 3 first: the other tasks wait for its first success',
  ],
  [
    'a retry is due later',
    {
      ...waiting,
      before: undefined,
      task: { ...task, attempts: 2, failures: 2, runAt: now + 40_000, error: 'exit 7' },
    },
    'retry-later',
    'it has failed 2 times (exit 7), and it runs again in 40 s',
  ],
  [
    'its worker could not run it, and it waits before the next does',
    {
      ...waiting,
      before: undefined,
      task: { ...task, attempts: 1, runAt: now + 2000, error: 'the disk is full' },
    },
    'retry-later',
    'its worker could not run it (the disk is full), and it runs again in 2.0 s',
  ],
  [
    'it needs more than any worker has',
    { ...waiting, job: { ...job, needs: { cpus: 8, memory: 0, disk: 0 } } },
    'too-large',
    'it needs 8 cpus, and the largest worker has 2 cpus, 4 GiB of memory, 953.7 MiB of disk',
  ],
  [
    'the disks of workers are full',
    { ...waiting, job, workers: [worker('idle', { diskFull: true })] },
    'disks-full',
    'the disk of w-1 is full: commands run when there is room again',
  ],
  [
    'others are before it',
    { ...waiting, before: 137, workers: [worker('busy'), worker('busy', { id: 'w-2' })] },
    'behind-others',
    '137 tasks are before it, and 2 workers work on them',
  ],
  [
    'very many are before it',
    { ...waiting, before: 1000 },
    'behind-others',
    '1,000 or more tasks are before it, and 1 worker works on them',
  ],
  [
    'it is next, and all are busy',
    { ...waiting, workers: [worker('busy'), worker('busy', { id: 'w-2' })] },
    'next',
    'it is next: it runs when one of 2 workers is free',
  ],
  [
    'it is next, and needs much',
    { ...waiting, job: { ...job, needs: { cpus: 2, memory: 0, disk: 0 } } },
    'next',
    'it is next: it runs when the only worker has 2 cpus free',
  ],
  [
    'it is next, and a worker is idle',
    { ...waiting, workers: [worker('idle')] },
    'next',
    'it is next: an idle worker takes it in a moment',
  ],
  ['it runs', running, 'runs', 'it has run on w-1 for 1 min 0 s'],
  [
    'its command runs',
    { ...running, job, sign: { beganAt: now - 30_000, line: 'frame 7' } },
    'runs',
    'it has run on w-1 for 30 s',
  ],
  [
    'a worker holds it, and its command has not begun',
    { ...running, job },
    'held',
    'w-1 holds it, and has not said yet that its command has begun',
  ],
  [
    'its worker is silent',
    { ...running, workers: [worker('lost')] },
    'worker-silent',
    'its worker w-1 does not answer: it is queued again when its lease has ended',
  ],
  [
    'its worker is gone',
    { ...running, workers: [] },
    'worker-gone',
    'its worker w-1 is gone: it is queued again when its lease has ended',
  ],
  [
    'its worker may be of a node that does not answer',
    { ...running, workers: [], missing: ['node-2'] },
    'runs',
    'it has run on w-1 for 1 min 0 s',
  ],
  [
    'it has succeeded',
    ended({ state: 'succeeded' }),
    'succeeded',
    'it succeeded 5.0 s ago on w-1 after 55 s',
  ],
  [
    'it has failed at once',
    ended({ state: 'failed', failures: 1, error: 'exit 1: no such file' }),
    'failed',
    'it failed 5.0 s ago: exit 1: no such file',
  ],
  [
    'it has failed for good',
    ended({ state: 'failed', attempts: 4, failures: 3, error: 'exit 1' }),
    'failed',
    'it failed 5.0 s ago: exit 1',
  ],
  ['it was cancelled', ended({ state: 'cancelled' }), 'cancelled', 'it was cancelled 5.0 s ago'],
]

describe('a task', () => {
  it.each(situations)('is explained when %s', (_, facts, why, because) => {
    expect(explainTask(facts)).toMatchObject({ why, because })
  })

  it('that waits comes with what its reason rests on', () => {
    const facts = { ...waiting, before: 7, missing: ['node-2'] }
    expect(explainTask(facts).facts).toEqual({
      waits: '2 min 0 s',
      before: '7 tasks',
      workers: '1 busy',
      'did not answer': 'node-2',
      limit: '4 workers of node-1',
      scaling: 'backlog 1 and 1 active worker',
    })
  })

  it('that runs comes with its worker, its attempt and its last line', () => {
    const facts = { ...running, job, sign: { beganAt: now - 30_000, line: 'frame 7' } }
    expect(explainTask(facts).facts).toEqual({
      worker: 'w-1',
      attempt: '1',
      leased: '1 min 0 s',
      'last line': 'frame 7',
    })
  })
})

describe('a job', () => {
  const none = { queued: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0 }

  it('waits for what its first waiting task waits for', () => {
    const first = { ...waiting, job: { ...job, paused: 'enough' } }
    expect(explainJob({ counts: { ...none, queued: 5, failed: 10 }, first })).toMatchObject({
      why: 'paused',
      because: '5 tasks wait. The first: job 3 is paused: enough',
      facts: { waiting: '5', failed: '10' },
    })
  })

  it.each([
    [{ ...none, running: 3 }, 'nothing-waits', 'no task waits: the last 3 tasks run'],
    [{ ...none, running: 1 }, 'nothing-waits', 'no task waits: the last task runs'],
    [none, 'no-tasks', 'it has no tasks here'],
    [{ ...none, succeeded: 2 }, 'succeeded', 'all of its tasks have ended: 2 succeeded'],
    [
      { ...none, succeeded: 2, failed: 1, cancelled: 4 },
      'failed',
      'all of its tasks have ended: 2 succeeded, 1 failed, 4 cancelled',
    ],
    [
      { ...none, cancelled: 4 },
      'cancelled',
      'all of its tasks have ended: 0 succeeded, 4 cancelled',
    ],
  ])('without tasks that wait: %j', (counts, why, because) => {
    expect(explainJob({ counts, first: undefined })).toMatchObject({ why, because })
  })
})
