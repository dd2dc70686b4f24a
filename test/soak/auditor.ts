/**
 * The independent auditor: hears a history and says where it breaks what was promised. It shares no
 * code with what it judges, and computes every result by itself (`test/architecture/files.test.ts`).
 */
import { atTheEnd } from './closing.ts'
import type { Event, SentTask, Violation } from './events.ts'
import { createEyes, type Entry } from './eyes.ts'

export interface Request {
  whole: boolean
  node: string
  tasks: SentTask[]
}

export type Listing = Extract<Event, { kind: 'listed' }>
export type Report = (rule: string, text: string) => void
export type Auditor = ReturnType<typeof createAuditor>

export function createAuditor() {
  const entries = new Map<string, Entry>()
  const requests = new Map<number, Request>()
  const listings = new Map<string, Listing>()
  const violations: Violation[] = []
  let now = 0

  const report: Report = (rule, text) => violations.push({ rule, text: `event ${now}: ${text}` })

  const { sawTask, sawResult, settle } = createEyes(entries, report, () => now)

  function acknowledge({ tasks }: Request, event: Extract<Event, { kind: 'answered' }>): void {
    if (event.outcomes.length !== tasks.length)
      report('answer', `${tasks.length} tasks sent, ${event.outcomes.length} answered`)
    for (const [index, outcome] of event.outcomes.entries()) {
      const sent = tasks[index] as SentTask
      const entry = entries.get(sent.id) as Entry
      const isSame = isEqual(entry.task, sent)
      if (outcome === 'conflict' && isSame) report('answer', `${sent.id} is disowned`)
      if (outcome !== 'conflict' && !isSame) report('answer', `another task took ${sent.id}`)
      if (outcome === 'created' && entry.acknowledged !== undefined)
        report('lost', `task ${sent.id} was acknowledged, and then made anew`)
      if (outcome !== 'conflict' && isSame) entry.acknowledged ??= now
    }
  }

  function looked(event: Extract<Event, { kind: 'looked' }>): void {
    const there = unique(event.tasks, `an answer of ${event.node}`)
    for (const id of event.ids) {
      const since = entries.get(id)?.acknowledged
      if (!there.has(id) && since !== undefined && event.asked > since)
        report('lost', `${event.node} does not know ${id}, which it had acknowledged`)
    }
    for (const task of event.tasks) sawTask(task, event.node, event.asked)
  }

  function unique(seen: { id: string }[], where: string): Set<string> {
    const ids = new Set(seen.map(({ id }) => id))
    if (ids.size !== seen.length) report('doubled', `an id is there twice in ${where}`)
    return ids
  }

  function listed(event: Listing): void {
    unique(event.tasks, `the tasks of ${event.node}`)
    unique(event.results, `the results of ${event.node}`)
    for (const task of event.tasks) sawTask(task, event.node, now)
    for (const result of event.results) sawResult(result, event.node, now)
    listings.set(event.node, event)
  }

  function cancelled(id: string, status: number): void {
    const entry = entries.get(id) as Entry
    if (status === 200) settle(entry, 'cancelled', now)
    if (status === 409) settle(entry, 'succeeded', now)
    if (status === 404 && entry.acknowledged !== undefined)
      report('lost', `task ${id} was acknowledged, and is not there to be cancelled`)
  }

  const hear: { [K in Event['kind']]: (event: Extract<Event, { kind: K }>) => void } = {
    sent({ request, node, whole, tasks }) {
      requests.set(request, { node, whole, tasks })
      for (const task of tasks) {
        if (!entries.has(task.id)) entries.set(task.id, { task, node, cancelAsked: false })
      }
    },
    answered: (event) => acknowledge(requests.get(event.request) as Request, event),
    refused({ request, status }) {
      if (status === 500) report('broken', `request ${request} was answered with 500`)
    },
    unheard() {},
    cancelling({ id }) {
      const entry = entries.get(id) as Entry
      entry.cancelAsked = true
    },
    cancel: ({ id, status }) => cancelled(id, status),
    looked,
    results({ node, asked, results }) {
      unique(results, 'a page of results')
      for (const result of results) sawResult(result, node, asked)
    },
    intruded({ path, status }) {
      if (status !== 401 && status !== 403) report('intruded', `${path} answered ${status}`)
    },
    broken: ({ path, status }) => report('broken', `${path} answered ${status}`),
    listed,
  }

  return {
    hear(event: Event): void {
      const rule = hear[event.kind] as (event: Event) => void
      rule(event)
      now += 1
    },

    /** Once, after every node has been listed: all that was broken. */
    close(): Violation[] {
      atTheEnd({ entries, requests, listings, report })
      return violations
    },
    violations: () => violations,

    told() {
      const all = [...entries.values()]
      const settled = (state: string) => all.filter((one) => one.settled?.state === state).length
      const acknowledged = all.filter((one) => one.acknowledged !== undefined).length
      return { acknowledged, succeeded: settled('succeeded'), cancelled: settled('cancelled') }
    },
  }
}

function isEqual(a: SentTask, b: SentTask): boolean {
  return a.digest === b.digest && a.size === b.size && a.iterations === b.iterations
}
