/** What a command that waits for a job shows meanwhile. */
import { expect, it, vi } from 'vitest'
import type { Client } from '../../../src/api/client.ts'
import { watchJob } from '../../../src/cli/jobs/watch-job.ts'
import type { Reporter, StatusText } from '../../../src/core/progress.ts'
import type { NodeLink } from '../../../src/state/cluster-nodes.ts'

function setUp({ answers = true, total = 30 } = {}) {
  const said: string[] = []
  const shown: StatusText[] = []
  const ended: [string, boolean | undefined][] = []
  const asked = vi.fn(async () => {
    if (!answers) throw new Error('away')
    const counts = { queued: 5, running: 2, succeeded: 3, failed: 0, cancelled: 0 }
    return { counts, running: [], failed: [], pace: { ended: 2, ms: 1000 } }
  })
  const nodes = [
    { id: 'node-1', client: { getJobProgress: asked } as unknown as Client } as NodeLink,
  ]
  const reporter = {
    say: (text: string) => void said.push(text),
    status: () => ({
      width: 77,
      dueInMs: () => 5,
      show: (text: StatusText) => void shown.push(text),
      end: (line: string, ok?: boolean) => void ended.push([line, ok]),
    }),
  } as unknown as Reporter
  const job = { id: 'x', number: 3, name: 'wc' }
  const watched = watchJob({ job, total, nodes: () => nodes, reporter })
  return { said, shown, ended, asked, watched }
}

it('shows what the nodes say, beside what has arrived', async () => {
  const { shown, ended, asked, watched } = setUp()
  watched.set(4)
  await vi.waitUntil(() => shown.at(-1)?.line.includes('waiting'))
  expect(shown[0]?.line).toBe('job 3 wc: 4 done, 26 to do')
  expect(shown.at(-1)?.line).toBe('job 3 wc: 4 done, 2 running, 5 waiting, 2.0/s, about 3.5 s left')
  watched.set(30)
  await watched.end(true)
  expect(ended).toEqual([[expect.stringMatching(/^done 30 of 30, [\d,.]+\/s$/), true]])
  const calls = asked.mock.calls.length
  await new Promise((resolve) => setTimeout(resolve, 30))
  expect(asked.mock.calls.length).toBe(calls)
})

it('goes on while a node is away', async () => {
  const { shown, asked, watched } = setUp({ answers: false })
  watched.set(1)
  await vi.waitUntil(() => asked.mock.calls.length > 1)
  expect(shown.at(-1)?.line).toBe('job 3 wc: 1 done, 29 to do')
  await watched.end(false)
})

it('says each failure once, the first as it is, and of many only the count', async () => {
  const { said, shown, watched } = setUp()
  const fail = (n: number) =>
    watched.fail({ id: `id-${n}`, state: 'failed', error: 'exit 1: one\ntwo' }, `task ${n}`)
  for (let n = 1; n <= 15; n += 1) fail(n)
  fail(1)
  expect(said).toEqual([
    'Error: task 1: exit 1: one\ntwo',
    ...[2, 3, 4, 5, 6, 7, 8, 9, 10].map((n) => `Error: task ${n}: exit 1: two`),
    'More failures are only counted',
  ])
  watched.set(20)
  expect(shown.at(-1)?.line).toMatch(/^job 3 wc: 5 done, 15 failed, /)
  await watched.end(false)
})
