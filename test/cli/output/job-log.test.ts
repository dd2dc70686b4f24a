/** The log of a job, as GNU Parallel writes it. */
import { expect, it } from 'vitest'
import type { Task } from '../../../src/api/client.ts'
import { jobLogHeader, jobLogLine, loggedTask } from '../../../src/cli/output/job-log.ts'

const run = { script: `wc -l "\${TM_IN}" >> "log \${TM_ATTEMPT}"` }
const succeeded = {
  id: 'some-id',
  n: 2,
  state: 'succeeded',
  kind: 'command',
  values: { in: 'a b.txt' },
  size: 120,
  attempts: 1,
  worker: 'node-1-w-1',
  enqueuedAt: 1,
  startedAt: 1_795_689_871_700,
  beganAt: 1_795_689_871_885,
  ran: 6,
  exit: 0,
  outputs: [
    { name: 'x', size: 5, sha256: '', mode: 0 },
    { name: 'y', size: 7, sha256: '', mode: 0 },
  ],
  userMs: 10,
  systemMs: 0,
  peakMemory: 4096,
} as unknown as Task

const line = (changes: Partial<Task>, wide = false) => {
  const logged = loggedTask({ ...succeeded, ...changes }, run)
  return logged && jobLogLine(logged, { wide })
}

it('has the header and the columns of Parallel, to the byte', () => {
  expect(jobLogHeader({ wide: false })).toBe(
    'Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand',
  )
  expect(line({})).toBe(
    '2\tnode-1-w-1\t1795689871.885\t     0.006\t120\t12\t0\t0\twc -l \'a b.txt\' >> "log 1"',
  )
})

it('has ours before the command, if wanted', () => {
  expect(jobLogHeader({ wide: true })).toBe(
    'Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tState\tAttempts\tReason\tUserTime\tSystemTime\tPeakMemory\tTask\tCommand',
  )
  const cells = line({}, true)?.split('\t').slice(8)
  expect(cells?.slice(0, -1)).toEqual(['succeeded', '1', '', '0.010', '0.000', '4096', 'some-id'])
  const { userMs: _, systemMs: __, peakMemory: ___, ...unknown } = succeeded
  const bare = loggedTask(unknown as Task, run)
  expect(bare && jobLogLine(bare, { wide: true }).split('\t').slice(10, 14)).toEqual([
    '',
    '',
    '',
    '',
  ])
})

it.each<[string, Partial<Task>, string, string]>([
  ['an exit code', { state: 'failed', reason: 'exit', exit: 3 }, '3', '0'],
  ['a signal', { state: 'failed', reason: 'signal', signal: 'SIGKILL', exit: undefined }, '0', '9'],
  ['a timeout', { state: 'failed', reason: 'timeout', signal: 'SIGKILL' }, '-1', '15'],
  ['a missing output', { state: 'failed', reason: 'output', exit: 0 }, '-1', '0'],
  ['no command at all', { state: 'failed', exit: undefined, ran: undefined }, '-1', '0'],
  ['success with another code', { exit: 1 }, '1', '0'],
])('says how it ended: %s', (_, changes, exitval, signal) => {
  expect(line(changes)?.split('\t').slice(6, 8)).toEqual([exitval, signal])
})

it('has no line for what has not ended by itself', () => {
  for (const state of ['queued', 'running', 'cancelled'] as const) {
    expect(line({ state })).toBeUndefined()
  }
})

it('is one line, whatever the command has in it', () => {
  const logged = loggedTask(succeeded, { argv: [['printf'], ['%s\n'], [{ value: 'in' }]] })
  expect(logged?.command).toBe("printf '%s\n' 'a b.txt'")
  expect(logged && jobLogLine(logged, { wide: false })).toMatch(/\tprintf '%s\0' 'a b\.txt'$/)
})
