/** How many reports share a request, and how long they wait for each other. */
import { expect, it } from 'vitest'
import { countResults } from '../../src/api/reports.ts'
import { countThatFit, createReportQueue, type Report } from '../../src/worker/report-queue.ts'

const done: Report = {
  id: 'x',
  attempt: 1,
  outcome: { kind: 'succeeded', result: new Uint8Array() },
}
const failed = (characters: number): Report => {
  const text = 'x'.repeat(characters / 2)
  const kept = { text, bytes: text.length }
  const attempt = { ending: {}, stdout: kept, stderr: kept }
  return { id: 'x', attempt: 1, outcome: { kind: 'failed', error: '', attempt } }
}

it.each<[string, Report[], number]>([
  ['five thousand that are small', Array(9000).fill(done), 5000],
  ['as many failures as a node takes at once', Array(9).fill(failed(131_072)), 3],
  ['the small ones before a large one', [...Array(8).fill(done), failed(500_000)], 8],
  ['one, however large it is', [failed(500_000), failed(2)], 1],
])('%s', (_, reports, count) => {
  expect(reports.slice(0, countThatFit(reports)).length).toBe(count)
})

/** Counts the reports of each request. */
function countingQueue(answering = Promise.resolve()) {
  const sent: number[] = []
  const client = {
    url: 'http://node',
    completeLeases: async ({ body }: { body: Uint8Array<ArrayBuffer> }) => {
      sent.push(countResults(body))
      await answering
      return { verdicts: [] }
    },
    failLeases: async () => ({ verdicts: [] }),
    releaseLeases: async () => ({ verdicts: [] }),
  }
  const queue = createReportQueue({ client, onContact: () => {}, onProblem: () => {} })
  return { queue, sent }
}

const small: Report = { ...done, id: '01997a5e-4b7e-7cc2-8f6a-000000000001' }

it('a report that may wait goes with the next that may not', async () => {
  const { queue, sent } = countingQueue()
  queue.report(small, 60_000)
  queue.report(small, 60_000)
  await new Promise(setImmediate)
  expect(sent).toEqual([])
  queue.report(small)
  await queue.flushed()
  expect(sent).toEqual([3])
})

it('a report that may wait goes after its time, and when the queue is flushed', async () => {
  const { queue, sent } = countingQueue()
  queue.report(small, 5)
  await expect.poll(() => sent).toEqual([1])
  queue.report(small, 60_000)
  await queue.flushed()
  expect(sent).toEqual([1, 1])
})

it('a report that comes while others are sent waits its own time', async () => {
  const answer = Promise.withResolvers<void>()
  const { queue, sent } = countingQueue(answer.promise)
  queue.report(small)
  await expect.poll(() => sent).toEqual([1])
  queue.report(small, 60_000)
  answer.resolve()
  await new Promise(setImmediate)
  expect(sent).toEqual([1])
  queue.report(small)
  await queue.flushed()
  expect(sent).toEqual([1, 2])
})
