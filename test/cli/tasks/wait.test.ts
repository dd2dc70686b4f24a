/** Waiting for tasks: until each is done, wherever it is, and for a node that is unavailable. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Task } from '../../../src/api/client.ts'
import { findTasks, isDone, waitForTasks } from '../../../src/cli/tasks/wait.ts'
import { suggest, tm } from '../../../src/core/suggestions.ts'
import type { TaskState } from '../../../src/core/task.ts'
import type { NodeLink } from '../../../src/state/cluster-nodes.ts'

/** A node that gives the next of these answers each time; the last one again and again. */
function fakeNode(
  id: string,
  ...answers: (Partial<Task>[] | Error)[]
): NodeLink & { asked: string[][] } {
  const asked: string[][] = []
  async function lookupTasks({ json: { ids } }: { json: { ids: string[] } }) {
    asked.push(ids)
    const answer = (answers.length > 1 ? answers.shift() : answers[0]) ?? []
    if (answer instanceof Error) throw answer
    return { tasks: answer.filter((task) => ids.includes(task.id ?? '')) }
  }
  return { id, url: id, client: { lookupTasks } as unknown as NodeLink['client'], asked }
}

const unavailable = new Error('no answer')
const task = (id: string, state: TaskState, completedAt?: number): Partial<Task> =>
  completedAt === undefined ? { id, state } : { id, state, completedAt }

async function wait(ids: string[], nodes: NodeLink[]) {
  const progress: number[] = []
  const warnings: string[] = []
  const tasks = await waitForTasks({
    ids,
    nodes: () => nodes,
    onProgress: (done) => progress.push(done),
    onWarning: (text) => warnings.push(text),
  })
  return { tasks: tasks.map(({ id, state }) => `${id} ${state}`), progress, warnings }
}

describe('a wait for tasks of a paused job', () => {
  it('ends once nothing else is left, with these tasks as they are', async () => {
    const held = { ...task('2', 'queued'), job: 'j' }
    const node = fakeNode('a', [task('1', 'running'), held], [task('1', 'succeeded'), held])
    const paused = { paused: 'the first 10 tasks failed alike: exit 1', definition: { number: 3 } }
    Object.assign(node.client, {
      getJob: async () => paused,
      getState: async () => Promise.reject(unavailable),
    })
    const told: unknown[] = []
    let time = 0
    const tasks = await waitForTasks({
      ids: ['2', '1'],
      nodes: () => [node],
      onProgress: () => {},
      onWarning: () => {},
      onPaused: (jobs) => told.push(...jobs),
      now: () => {
        time += 1000
        return time
      },
    })
    expect(tasks.map(({ id, state }) => [id, state])).toEqual([
      ['2', 'queued'],
      ['1', 'succeeded'],
    ])
    expect(told).toEqual([{ id: 'j', number: 3, reason: paused.paused }])
  })
})

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

  it('finds tasks that end far behind others that do not', async () => {
    const ids = Array.from({ length: 3000 }, (_, n) => String(n))
    const first = ids.map((id) => task(id, Number(id) < 1000 ? 'running' : 'succeeded'))
    const last = ids.map((id) => task(id, 'succeeded'))
    const a = fakeNode('a', ...Array.from({ length: 12 }, () => first), last)
    const { progress } = await wait(ids, [a])
    expect(progress).toContain(2000)
    // Nothing is looked up again and again but the first.
    expect(a.asked.flat().length).toBeLessThan(4 * ids.length)
  })

  it('does not pause for long because what ended took long to fetch', async () => {
    const node = fakeNode(
      'a',
      [task('1', 'succeeded'), task('2', 'running'), task('3', 'running')],
      [task('2', 'succeeded'), task('3', 'succeeded')],
    )
    const began = performance.now()
    await waitForTasks({
      ids: ['1', '2', '3'],
      nodes: () => [node],
      onProgress: () => {},
      onWarning: () => {},
      onDone: async (done) => {
        if (done.some(({ task: { id } }) => id === '1')) await sleep(500)
      },
    })
    // A pause of nine times as long, as if it had been spent with looking, would take 5 s.
    expect(performance.now() - began).toBeLessThan(3000)
  })

  it('asks for at most 1000 at a time, and once for each', async () => {
    const ids = Array.from({ length: 2500 }, (_, n) => String(n))
    const a = fakeNode(
      'a',
      ids.map((id) => task(id, 'succeeded')),
    )
    const { tasks } = await wait([...ids, '0'], [a])
    expect(tasks).toHaveLength(2501)
    expect(a.asked.flat()).toHaveLength(2500)
    expect(Math.max(...a.asked.map(({ length }) => length))).toBeLessThanOrEqual(1000)
  })

  it('for nothing is over at once', async () => {
    const a = fakeNode('a', unavailable)
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

  it('goes on while a node is unavailable, and says so once', async () => {
    const a = fakeNode('a', [task('1', 'succeeded')])
    const b = fakeNode('b', unavailable, unavailable, unavailable, [task('2', 'succeeded')])
    const { tasks, warnings } = await wait(['1', '2'], [a, b])
    expect(tasks).toEqual(['1 succeeded', '2 succeeded'])
    expect(warnings).toEqual(['Warning: waiting for b to come back: no answer'])
  })

  it('fails when the node that was unavailable comes back and does not know the id', async () => {
    const b = fakeNode('b', unavailable, [])
    await expect(wait(['1'], [fakeNode('a', []), b])).rejects.toMatchObject({ code: 'not_found' })
  })
})

describe('a wait in which nothing can come', () => {
  /** A clock on which each look takes a minute. */
  const minutes = () => {
    let now = 0
    return () => {
      now += 60_000
      return now
    }
  }
  const state = { queue: { queued: 1, running: 0 }, workers: [], paused: false }
  const withState = (node: NodeLink, state: object): NodeLink => ({
    ...node,
    client: { ...node.client, getState: async () => state } as NodeLink['client'],
  })

  async function waitFor(nodes: () => NodeLink[], ids = ['1']) {
    const warnings: string[] = []
    const onWarning = (text: string) => warnings.push(text)
    const ended = waitForTasks({ ids, nodes, onProgress: () => {}, onWarning, now: minutes() })
    const error = await ended.then(
      () => undefined,
      (thrown) => thrown,
    )
    return { error, warnings }
  }

  it('ends when a node has not answered for ten minutes, and says so meanwhile', async () => {
    const { error, warnings } = await waitFor(() => [fakeNode('a', unavailable)])
    expect(error).toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/^Gave up after 1\d min.*: waiting for a to come back/),
    })
    expect(warnings.length).toBeGreaterThan(2)
    expect(warnings.at(-1)).toMatch(/no answer \(for \d+ min 0 s\)$/)
  })

  it('ends when the cluster is gone', async () => {
    let looks = 0
    const gone = new Error('gone')
    const { error } = await waitFor(() => {
      looks += 1
      if (looks > 1) throw gone
      return [fakeNode('a', unavailable)]
    })
    expect(error).toBe(gone)
  })

  it('goes on with the address and token that a node has now', async () => {
    const found = [fakeNode('a', unavailable), fakeNode('a', [task('1', 'succeeded')])]
    expect((await waitFor(() => found.splice(0, 1))).error).toBe(undefined)
  })

  it('ends when no node may have a worker, and says so at once', async () => {
    const limit = { own: 0, borrowed: 0, lent: 0 }
    const a = withState(fakeNode('a', [task('1', 'queued')]), { ...state, limit })
    const { error, warnings } = await waitFor(() => [a])
    expect(warnings[0]).toBe('Warning: no task can run: --max-workers is 0 on every node')
    expect(error).toMatchObject({
      suggestions: [suggest`Allow workers: ${tm('up', { 'max-workers': 'N' })}`, expect.anything()],
    })
  })

  it('goes on while a node may have one, or works', async () => {
    const rows: object[] = [
      { ...state, limit: { own: 1, borrowed: 0, lent: 0 } },
      { ...state, limit: { own: 0, borrowed: 0, lent: 0 }, workers: [{}] },
    ]
    for (const row of rows) {
      const answers = Array.from({ length: 8 }, () => [task('1', 'queued')])
      const a = withState(fakeNode('a', ...answers, [task('1', 'succeeded')]), row)
      expect(await waitFor(() => [a])).toEqual({ error: undefined, warnings: [] })
    }
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
      const { tasks, unreachable } = await findTasks(['1'], nodes)
      const found = tasks.get('1')
      expect(`${found?.state} ${found?.completedAt}`).toBe(expected)
      expect(unreachable).toEqual([])
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
