/** Waiting for tasks: until each is done, wherever it is, and for a node that is away. */
import { describe, expect, it } from 'vitest'
import type { NodeLink } from '../../src/cli/nodes.ts'
import { findTasks, isDone, waitForTasks } from '../../src/cli/tasks/wait.ts'
import type { Task, TaskState } from '../../src/core/task.ts'

/** A node that gives the next of these answers each time; the last one again and again. */
function fakeNode(
  id: string,
  ...answers: (Partial<Task>[] | Error)[]
): NodeLink & { asked: string[][] } {
  const asked: string[][] = []
  async function lookup(ids: string[]) {
    asked.push(ids)
    const answer = (answers.length > 1 ? answers.shift() : answers[0]) ?? []
    if (answer instanceof Error) throw answer
    return answer.filter((task) => ids.includes(task.id ?? ''))
  }
  return { id, url: id, client: { lookup } as unknown as NodeLink['client'], asked }
}

const away = new Error('no answer')
const task = (id: string, state: TaskState, completedAt?: number): Partial<Task> =>
  completedAt === undefined ? { id, state } : { id, state, completedAt }

async function wait(ids: string[], nodes: NodeLink[]) {
  const progress: number[] = []
  const warnings: string[] = []
  const tasks = await waitForTasks({
    ids,
    nodes,
    onProgress: (done) => progress.push(done),
    onWarning: (text) => warnings.push(text),
  })
  return { tasks: tasks.map(({ id, state }) => `${id} ${state}`), progress, warnings }
}

describe('waiting', () => {
  it('ends when every task is done, in the order of the ids', async () => {
    const a = fakeNode('a', [task('1', 'queued')], [task('1', 'running')], [task('1', 'succeeded')])
    const b = fakeNode('b', [task('2', 'running'), task('3', 'failed')], [task('2', 'cancelled')])
    const { tasks, progress, warnings } = await wait(['3', '2', '1'], [a, b])
    expect(tasks).toEqual(['3 failed', '2 cancelled', '1 succeeded'])
    expect(progress).toEqual([1, 2, 3])
    expect(warnings).toEqual([])
  })

  it('asks no more for what is done', async () => {
    const a = fakeNode('a', [task('1', 'succeeded'), task('2', 'queued')], [task('2', 'succeeded')])
    await wait(['1', '2'], [a])
    expect(a.asked).toEqual([['1', '2'], ['2']])
  })

  it('asks for at most 1000 at a time, and once for each', async () => {
    const ids = Array.from({ length: 2500 }, (_, n) => String(n))
    const a = fakeNode(
      'a',
      ids.map((id) => task(id, 'succeeded')),
    )
    const { tasks } = await wait([...ids, '0'], [a])
    expect(tasks).toHaveLength(2501)
    expect(a.asked.map(({ length }) => length)).toEqual([1000, 1000, 500])
  })

  it('for nothing is over at once', async () => {
    const a = fakeNode('a', away)
    expect(await wait([], [a])).toEqual({ tasks: [], progress: [], warnings: [] })
    expect(a.asked).toEqual([])
  })

  it('fails when all nodes answer and none knows an id', async () => {
    const a = fakeNode('a', [task('1', 'running')])
    await expect(wait(['1', '2', '3'], [a, fakeNode('b', [])])).rejects.toMatchObject({
      code: 'not_found',
      message: 'No node knows the task 2 (and 1 more)',
    })
  })

  it('goes on while a node is away, and says so once', async () => {
    const a = fakeNode('a', [task('1', 'succeeded')])
    const b = fakeNode('b', away, away, away, [task('2', 'succeeded')])
    const { tasks, warnings } = await wait(['1', '2'], [a, b])
    expect(tasks).toEqual(['1 succeeded', '2 succeeded'])
    expect(warnings).toEqual(['Warning: waiting for b to come back: no answer'])
  })

  it('fails when the node that was away comes back and does not know the id', async () => {
    const b = fakeNode('b', away, [])
    await expect(wait(['1'], [fakeNode('a', []), b])).rejects.toMatchObject({ code: 'not_found' })
  })
})

describe('a task that two nodes have', () => {
  const rows: [string, Partial<Task>, Partial<Task>, string][] = [
    ['the result', task('1', 'succeeded', 9), task('1', 'queued'), 'succeeded 9'],
    [
      'the result, not the failure',
      task('1', 'failed', 1),
      task('1', 'succeeded', 9),
      'succeeded 9',
    ],
    ['the earlier result', task('1', 'succeeded', 5), task('1', 'succeeded', 9), 'succeeded 5'],
    ['what is done', task('1', 'cancelled', 5), task('1', 'queued'), 'cancelled 5'],
  ]
  it.each(rows)('is %s', async (_, one, other, expected) => {
    for (const pair of [
      [one, other],
      [other, one],
    ]) {
      const nodes = pair.map((each, n) => fakeNode(String(n), [each]))
      const { tasks, missing } = await findTasks(['1'], nodes)
      const found = tasks.get('1')
      expect(`${found?.state} ${found?.completedAt}`).toBe(expected)
      expect(missing).toEqual([])
    }
  })
})

it('is done in three states', () => {
  const states: TaskState[] = ['queued', 'running', 'succeeded', 'failed', 'cancelled']
  expect(states.filter((state) => isDone({ state } as Task))).toEqual([
    'succeeded',
    'failed',
    'cancelled',
  ])
})
