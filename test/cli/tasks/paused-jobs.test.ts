/** When a wait ends because what is left waits in paused jobs. */
import { describe, expect, it } from 'vitest'
import type { Task } from '../../../src/api/client.ts'
import { describePaused, pausedJobsOf } from '../../../src/cli/tasks/paused-jobs.ts'
import type { NodeLink } from '../../../src/state/cluster-nodes.ts'

/** A node on which these jobs are paused. */
function nodeWith(paused: Record<string, string>): NodeLink {
  const getJob = async ({ params: { id } }: { params: { id: string } }) => ({
    definition: { number: Number(id) },
    ...(id in paused ? { paused: paused[id] } : {}),
  })
  return { id: 'a', url: 'a', client: { getJob } as unknown as NodeLink['client'] }
}

const waiting = (node: NodeLink, ...tasks: [state: string, job?: string][]) =>
  tasks.map(([state, job]) => ({ node, task: { state, ...(job ? { job } : {}) } as Task }))

describe('pausedJobsOf', () => {
  const both = nodeWith({ 1: 'x', 2: 'y' })
  const one = nodeWith({ 1: 'x' })
  const first = { id: '1', number: 1, reason: 'x' }
  it.each([
    ['all of one job', waiting(one, ['queued', '1'], ['queued', '1']), [first]],
    [
      'of two jobs',
      waiting(both, ['queued', '1'], ['queued', '2']),
      [first, { id: '2', number: 2, reason: 'y' }],
    ],
    [
      'at two nodes',
      [...waiting(one, ['queued', '1']), ...waiting(both, ['queued', '1'])],
      [first],
    ],
    ['one of a job that goes on', waiting(one, ['queued', '1'], ['queued', '2']), undefined],
    [
      'at a node where it goes on',
      [...waiting(one, ['queued', '1']), ...waiting(nodeWith({}), ['queued', '1'])],
      undefined,
    ],
    ['one runs', waiting(one, ['queued', '1'], ['running', '1']), undefined],
    ['one has no job', waiting(one, ['queued', '1'], ['queued']), undefined],
    ['none', [], undefined],
  ])('%s', async (_, tasks, jobs) => {
    expect(await pausedJobsOf(tasks)).toEqual(jobs)
  })
})

it('says why, and how to go on or end it, for the cluster at hand', () => {
  const { message, suggestions } = describePaused({ id: '1', number: 3, reason: 'x' }).render({
    cluster: 'c',
  })
  expect([message, ...(suggestions ?? [])]).toEqual([
    'Job 3 is paused: x',
    'Go on, also with what failed: tm retry --cluster c 3',
    'End it: tm cancel --cluster c 3',
  ])
})
