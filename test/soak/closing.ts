/** What the auditor asks when all is quiet: is everything there, and do the counts add up? */
import type { Listing, Report, Request } from './auditor.ts'
import type { Entry } from './eyes.ts'

interface Books {
  entries: ReadonlyMap<string, Entry>
  requests: ReadonlyMap<number, Request>
  /** The last one of each node. */
  listings: ReadonlyMap<string, Listing>
  report: Report
}

const states = ['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const

export function atTheEnd({ entries, requests, listings, report }: Books): void {
  const there = new Map<string, string>()
  for (const { tasks } of listings.values()) {
    for (const { id, state } of tasks) there.set(id, state)
  }
  for (const [id, entry] of entries) everyTaskIsDone(id, entry, there.get(id), report)
  for (const [number, { whole, tasks }] of requests) {
    const found = tasks.filter(({ id }) => there.has(id)).length
    if (whole && found !== 0 && found !== tasks.length)
      report('halved', `of request ${number} there are ${found} tasks of ${tasks.length}`)
  }
  for (const listing of listings.values()) countsAddUp(listing, report)
}

/** Also those that were never acknowledged, if they are there. */
function everyTaskIsDone(id: string, entry: Entry, state: string | undefined, report: Report) {
  if (state === undefined) {
    if (entry.acknowledged !== undefined) report('lost', `${entry.node} acknowledged ${id}`)
    else if (entry.settled)
      report('lost', `${entry.node} had shown ${id} as ${entry.settled.state}`)
  } else if (state !== 'succeeded' && state !== 'cancelled') {
    report('unfinished', `task ${id} is ${state} at the end`)
  }
}

function countsAddUp({ node, tasks, results, counts }: Listing, report: Report): void {
  for (const state of states) {
    const listed = tasks.filter((task) => task.state === state).length
    if (counts[state] !== listed)
      report('counts', `${node} counts ${counts[state]} ${state} and lists ${listed}`)
  }
  if (results.length !== counts.succeeded)
    report(
      'counts',
      `${node} counts ${counts.succeeded} succeeded and has ${results.length} results`,
    )
  const done = new Set(tasks.filter(({ state }) => state === 'succeeded').map(({ id }) => id))
  for (const { id } of results) {
    if (!done.has(id)) report('counts', `${node} has a result of ${id}, which has not succeeded`)
  }
}
