/** What a task has written, as people read it. */
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { Attempt, TaskLog } from '../../../src/cli/logs/task-log.ts'
import { describeTaskLog, readable, whyNothing } from '../../../src/cli/output/task-log.ts'
import { meansTask } from '../../../src/cli/tasks/find-task.ts'

const attempt: Attempt = {
  attempt: 1,
  worker: 'node-1-w-1',
  startedAt: 0,
  endedAt: 9000,
  beganAt: 1000,
  ran: 2000,
  error: 'exit 3: bad\nworse',
  stderr: { text: 'bad\nworse\n', bytes: 10 },
  stdout: { text: '', bytes: 0 },
}
const task = { id: 'x', n: 7, kind: 'command', state: 'failed' } as TaskLog['task']
const shown = (log: TaskLog, options = {}) =>
  stripVTControlCharacters(describeTaskLog(log, { lines: 100, terminal: false, ...options }))

describe('the log of a task', () => {
  it('has each attempt, and each stream that is not empty', () => {
    expect(shown({ task, attempts: [attempt] })).toBe(
      `Attempt 1 on node-1-w-1, 1970-01-01T00:00:01.000Z: exit 3 after 2.0 s
stderr:
bad
worse`,
    )
    const { stderr: _, ...silent } = attempt
    expect(shown({ task, attempts: [silent] })).toContain('It wrote nothing.')
  })

  it('says how much of it is shown', () => {
    const part = { ...attempt, stderr: { text: 'a\nb\nc\n', bytes: 6 } }
    expect(shown({ task, attempts: [part] }, { lines: 2 })).toContain(
      'stderr, the last 2 lines of 6 B:\nb\nc',
    )
    const cut = { ...attempt, stderr: { text: 'a\nb\n', bytes: 5000 } }
    expect(shown({ task, attempts: [cut] })).toContain('stderr, the last 2 lines of 4.9 KiB:')
  })

  it('is text on a terminal, whatever the command wrote there', () => {
    expect(readable('10 %\r20 %\r\n\u001b[31mred\u001b[0m\n')).toBe('20 %\nred\n')
    const hostile = { ...attempt, worker: 'w', error: 'exit 1\u001b[2J: x' }
    expect(describeTaskLog({ task, attempts: [hostile] }, { lines: 9, terminal: true })).toContain(
      'exit 1\\u001b[2J',
    )
  })

  it.each<[Partial<TaskLog['task']>, Partial<TaskLog>, RegExp | undefined]>([
    [{ state: 'queued' }, {}, /^Task 7 waits for a worker\.$/],
    [{ state: 'queued' }, { attempts: [attempt] }, /waits for a worker again/],
    [{ state: 'failed' }, { attempts: [attempt] }, undefined],
    [{ state: 'failed', error: '5 lost workers' }, {}, /nothing that it wrote is kept: 5 lost/],
    [{ state: 'succeeded', exit: 0 }, {}, /neither --stdout nor --stderr/],
    [{ state: 'succeeded', exit: 0 }, { stdout: { text: '', bytes: 0 } }, undefined],
    [{ state: 'cancelled' }, {}, /was cancelled/],
    [{ state: 'succeeded', kind: 'sha512' }, {}, /is no command/],
  ])('says why there is nothing: %j', (change, more, why) => {
    const said = whyNothing({ task: { ...task, ...change }, attempts: [], ...more })
    if (why === undefined) expect(said).toBeUndefined()
    else expect(said).toMatch(why)
  })
})

it.each([
  ['3', true],
  ['last', true],
  ['3:12', true],
  ['my job:1', true],
  ['01997a5e-4b7e-7cc2-8f6a-0d3b5b6e9a10', true],
  ['01997A5E', true],
  ['01997a5e-4b7', true],
  ['node-1', false],
  ['node-1-w-0199beef', false],
  ['name', false],
])('%s means a task: %s', (word, expected) => {
  expect(meansTask(word)).toBe(expected)
})
