/** A right history is right; broken in any one way, it is found, under the name of what was broken. */
import { hash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createAuditor } from './auditor.ts'
import type { Event, SeenResult, SeenTask, SentTask } from './events.ts'

function sentTask(id: string, iterations: number): SentTask {
  return { id, digest: hash('sha512', id), size: id.length, iterations }
}

/** By hand, for one, two and three iterations. */
function resultOf({ digest, iterations }: SentTask): string {
  const again = (hex: string) => hash('sha512', Buffer.from(hex, 'hex'))
  return [digest, again(digest), again(again(digest))][iterations - 1] as string
}

const [a, b, c, d] = [sentTask('a', 1), sentTask('b', 2), sentTask('c', 3), sentTask('d', 1)]

function seenTask({ id, size, iterations }: SentTask, state: string, result?: string): SeenTask {
  return { id, size, iterations, state, ...(result === undefined ? {} : { result }) }
}

const done = (task: SentTask) => seenTask(task, 'succeeded', resultOf(task))

function seenResult(task: SentTask): SeenResult {
  const { id, iterations } = task
  return { id, iterations, result: resultOf(task), completedAt: 5, attempts: 1 }
}

const node = 'node-1'
const empty = { queued: 0, running: 0, failed: 0 }

/**
 * a is sent alone, b and c together and again after no answer, d is cancelled. What each event is
 * about stands beside it, so that a mutation can name it.
 */
function rightHistory() {
  return {
    sentA: { kind: 'sent', request: 1, node, whole: true, tasks: [a] },
    answeredA: { kind: 'answered', request: 1, outcomes: ['taken'] },
    sentBC: { kind: 'sent', request: 2, node, whole: true, tasks: [b, c] },
    unheardBC: { kind: 'unheard', request: 2 },
    againBC: { kind: 'sent', request: 3, node, whole: true, tasks: [b, c] },
    answeredBC: { kind: 'answered', request: 3, outcomes: ['known', 'known'] },
    sentD: { kind: 'sent', request: 4, node, whole: true, tasks: [d] },
    answeredD: { kind: 'answered', request: 4, outcomes: ['created'] },
    cancelling: { kind: 'cancelling', id: 'd' },
    cancel: { kind: 'cancel', id: 'd', status: 200 },
    impostor: { kind: 'sent', request: 5, node, whole: true, tasks: [{ ...a, iterations: 2 }] },
    refused: { kind: 'answered', request: 5, outcomes: ['conflict'] },
    early: { kind: 'looked', node, asked: 10, ids: ['a', 'b'], tasks: [a, b].map(queued) },
    page: { kind: 'results', node, asked: 13, results: [seenResult(b), seenResult(a)] },
    looked: { kind: 'looked', node, asked: 14, ids: ['a', 'b'], tasks: [done(a), done(b)] },
    intruded: { kind: 'intruded', path: '/v1/state', status: 401 },
    listed: {
      kind: 'listed',
      node,
      tasks: [done(a), done(b), done(c), seenTask(d, 'cancelled')],
      results: [seenResult(c), seenResult(b), seenResult(a)],
      counts: { ...empty, succeeded: 3, cancelled: 1 },
    },
  } satisfies Record<string, Event>
}

const queued = (task: SentTask) => seenTask(task, 'queued')

type History = ReturnType<typeof rightHistory>

function audit(history: object): string[] {
  const auditor = createAuditor()
  for (const event of Object.values(history) as Event[]) auditor.hear(event)
  return auditor.close().map(({ rule }) => rule)
}

/** How a history is broken, and what it has to be found for. */
const mutations: [string, string, (history: History) => object][] = [
  ['an acknowledged task is not there', 'lost', drop('a')],
  ['a task is not there that was seen', 'lost', unacknowledged],
  ['a lookup misses an acknowledged task', 'lost', looked({ tasks: [done(b)] })],
  ['a task to cancel is not there', 'lost', with_('cancel', { status: 404 })],
  ['a task is made a second time', 'lost', with_('againBC', { tasks: [a] }, created)],
  ['half of a batch is there', 'halved', halved],
  ['a result is another digest', 'wrong', page({ result: resultOf(b) })],
  ['a body was cut', 'wrong', looked({ tasks: [{ ...done(a), size: 0 }, done(b)] })],
  [
    'a succeeded task has no result',
    'wrong',
    looked({ tasks: [seenTask(a, 'succeeded'), done(b)] }),
  ],
  [
    'a result changes',
    'changed',
    looked({ tasks: [{ ...done(a), result: resultOf(c) }, done(b)] }),
  ],
  ['its date changes', 'changed', page({ completedAt: 6 })],
  ['its attempt changes', 'changed', page({ attempts: 2 })],
  ['a result is there twice', 'doubled', end({ results: [a, b, c, c].map(seenResult) })],
  ['a task is there twice', 'doubled', end({ tasks: [a, a, b, c, d].map(done) })],
  ['a succeeded task is queued again', 'back', looked({ tasks: [queued(a), done(b)] })],
  ['a cancelled task succeeds', 'back', end({ tasks: [a, b, c, d].map(done) })],
  ['a result of a cancelled task', 'back', end({ results: [a, b, c, d].map(seenResult) })],
  ['a task of nobody', 'stranger', page({ id: 'x' })],
  ['a task at another node', 'stranger', with_('page', { node: 'node-2' })],
  [
    'a task that nobody cancelled',
    'cancelled',
    looked({ tasks: [seenTask(a, 'cancelled'), done(b)] }),
  ],
  ['a failed task', 'failed', looked({ tasks: [seenTask(a, 'failed'), done(b)] })],
  ['a task still waits at the end', 'unfinished', endOfC('queued')],
  ['a task still runs at the end', 'unfinished', endOfC('running')],
  ['too few are counted', 'counts', counts({ succeeded: 2 })],
  ['more are counted', 'counts', counts({ queued: 1 })],
  ['a result is missing', 'counts', end({ results: [a, b].map(seenResult) })],
  ['an answer leaves out a task', 'answer', with_('answeredBC', { outcomes: ['known'] })],
  ['a task is disowned', 'answer', with_('answeredA', { outcomes: ['conflict'] })],
  ['another task takes its id', 'answer', with_('refused', { outcomes: ['known'] })],
  ['a stranger is let in', 'intruded', with_('intruded', { status: 200 })],
  ['a node is broken', 'broken', with_('unheardBC', { kind: 'refused', status: 500 })],
  ['an answer is broken', 'broken', with_('intruded', { kind: 'broken', status: 500 })],
]

describe('the auditor', () => {
  it('finds nothing in a right history', () => {
    expect(audit(rightHistory())).toEqual([])
  })

  it.each(mutations)('finds: %s', (_, rule, mutate) => {
    expect(audit(mutate(rightHistory()))).toContain(rule)
  })

  it('knows that answers may overtake each other', () => {
    const late = with_('looked', { asked: 12, tasks: [queued(a), queued(b)] })
    expect(audit(late(rightHistory()))).toEqual([])
  })

  it('lets a batch that was never acknowledged be there, or not', () => {
    const { unheardBC, againBC, answeredBC, early, page, looked, ...others } = rightHistory()
    expect(audit(others)).toEqual([])
    expect(audit(drop('b', 'c')(others as History))).toEqual([])
  })
})

type Change = (history: History) => object

function with_(name: keyof History, change: object, then: Change = (same) => same): Change {
  return (history) => then({ ...history, [name]: { ...history[name], ...change } })
}

function looked(change: object): Change {
  return with_('looked', change)
}

/** Of a, which the lookup sees again. */
function page(change: Partial<SeenResult>): Change {
  return with_('page', { results: [seenResult(b), { ...seenResult(a), ...change }] })
}

function end(change: object): Change {
  return with_('listed', change)
}

function counts(change: object): Change {
  return (history) => end({ counts: { ...history.listed.counts, ...change } })(history)
}

/** All that adds up all the same. */
function endOfC(state: 'queued' | 'running'): Change {
  return end({
    tasks: [done(a), done(b), seenTask(c, state), seenTask(d, 'cancelled')],
    results: [a, b].map(seenResult),
    counts: { ...empty, succeeded: 2, cancelled: 1, [state]: 1 },
  })
}

/** From the last listing, with all that belongs to it. */
function drop(...ids: string[]): Change {
  return (history) => {
    const { tasks, results, counts } = history.listed
    const isKept = ({ id }: { id: string }) => !ids.includes(id)
    const succeeded = counts.succeeded - ids.length
    return end({
      tasks: tasks.filter(isKept),
      results: results.filter(isKept),
      counts: { ...counts, succeeded },
    })(history)
  }
}

function unacknowledged(history: History): object {
  const { answeredBC, ...others } = history
  return drop('b', 'c')(others as History)
}

function halved(history: History): object {
  const { answeredBC, early, page, looked, ...others } = history
  return drop('b')(others as History)
}

/** a, once more. */
function created(history: History): object {
  return with_('answeredBC', { outcomes: ['created'] })(history)
}
