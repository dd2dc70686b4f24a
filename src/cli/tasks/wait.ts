/**
 * Waits until tasks are done, on any node. A wait in which nothing can come has an end: when the cluster
 * is removed, when a node stays away, when settings let no task run.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Task } from '../../api/client.ts'
import { backoffMs } from '../../core/backoff.ts'
import { TmError } from '../../core/errors.ts'
import { suggest, tm } from '../../core/suggestions.ts'
import { askAll, type NodeLink } from '../../state/cluster-nodes.ts'
import { type Blocked, whyBlocked } from '../cluster/blocked.ts'
import { type PausedJob, pausedJobsOf, type Waiting } from './paused-jobs.ts'
import { waitLimit } from './wait-limit.ts'

export interface WaitOptions {
  ids: string[]
  /**
   * Asked again when a node does not answer: it may have moved, or want another token. Throws if the
   * cluster is gone.
   */
  nodes: () => NodeLink[]
  onProgress: (done: number) => void
  /** Called with tasks that are done, each once, and the node that has it. The wait goes on after it. */
  onDone?: (done: { task: Task; node: NodeLink }[]) => Promise<void>
  onWarning: (text: string) => void
  /**
   * Called if all tasks that are left wait in jobs that are paused: the wait ends, and these tasks are
   * as they were.
   */
  onPaused?: (jobs: PausedJob[]) => void
  /** How long to wait for a node that does not answer, or while no task can run. */
  patienceMs?: number
  /** Milliseconds. */
  now?: () => number
}

const lookupSize = 1000
/** Of many tasks, these are looked up at a time: what has not ended yet is looked up again. */
const lookSize = 500
/** Each pause is a twentieth of the time so far: nobody notices that. */
const pauseMs = { firstMs: 20, maxMs: 1000, factor: 1.05 }
/** Looking takes about this share of the time, if the nodes are slow to answer. */
const lookShare = 0.1
const mostPauseMs = 5000
/** Tasks that `onDone` gets at a time, so that progress is seen. */
const groupSize = 200
/** Asked only while nothing moves. */
const askWhyAfterMs = 1000
const askWhyEveryMs = 5000

export function isDone({ state }: Task): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled'
}

/**
 * The finished tasks in the order of their ids, and those that wait in paused jobs. Throws `not_found`
 * if all nodes answer and none knows an id. While a node does not answer, its tasks may be there: waits for it.
 */
export async function waitForTasks(options: WaitOptions): Promise<Task[]> {
  const { ids, onProgress, onWarning, patienceMs = 600_000 } = options
  const { now = () => performance.now() } = options
  const done = new Map<string, Task>()
  const limit = waitLimit({ patienceMs, onWarning, now })
  let nodes: NodeLink[] | undefined
  const pending = new Set(ids)
  let others = pending.values()
  let askWhyAt = now() + askWhyAfterMs
  let blocked: Blocked | undefined
  let paused: PausedJob[] | undefined
  const newest = new Map<string, Task>()
  const places = new Map<string, NodeLink>()
  /** Not found by the last look at them. */
  const missing = new Set<string>()

  /**
   * The first of those that are left, which mostly end first, and of the others some in turn. To look up
   * all of many at once would slow down the tasks themselves.
   */
  function someOfThem(): string[] {
    const turn = others.take(lookSize).toArray()
    if (turn.length < lookSize) others = pending.values()
    return [...new Set([...pending.values().take(lookSize), ...turn])]
  }

  /** `end`: there is nothing to wait for. `go on`: those behind what was looked at may have ended as well. */
  async function step(): Promise<{ next: 'end' | 'go on' | 'pause'; lookMs: number }> {
    nodes ??= options.nodes()
    const asked = someOfThem()
    const began = performance.now()
    const { tasks, at, unreachable } = await look(asked, nodes)
    const lookMs = performance.now() - began
    const before = done.size
    const ended = [...tasks.values()].filter(isDone)
    for (let from = 0; from < ended.length; from += groupSize) {
      const group = ended.slice(from, from + groupSize)
      await options.onDone?.(group.map((task) => ({ task, node: at.get(task.id) as NodeLink })))
      for (const task of group) {
        done.set(task.id, task)
        pending.delete(task.id)
      }
      if (from + groupSize < ended.length) onProgress(done.size)
    }
    const unknown = asked.filter((id) => !tasks.has(id))
    if (unknown.length > 0 && unreachable.length === 0) throw unknownIds(unknown)
    onProgress(done.size)
    if (done.size > before) limit.clear()
    else if (missing.size > 0 && unreachable.length > 0) holdFor(unreachable)
    else {
      askWhy(nodes, () => placed([...pending], { tasks: newest, at: places }))
      // What was seen of those that this look left out may be old.
      if (paused && allWait()) await look([...pending], nodes)
      if (paused && allWait()) return { next: 'end', lookMs }
      if (blocked) limit.hold(blocked.reason, [blocked.fix, tm('wait', {}, 'ID…')])
      else limit.clear()
    }
    if (unreachable.length > 0) nodes = undefined
    if (pending.size === 0) return { next: 'end', lookMs }
    return { next: ended.length >= asked.length / 2 ? 'go on' : 'pause', lookMs }
  }

  async function look(asked: string[], nodes: NodeLink[]): Promise<Found> {
    const found = await findTasks(asked, nodes)
    for (const task of found.tasks.values()) newest.set(task.id, task)
    for (const [id, node] of found.at) places.set(id, node)
    for (const id of asked) {
      if (found.tasks.has(id)) missing.delete(id)
      else missing.add(id)
    }
    return found
  }

  const allWait = () =>
    missing.size === 0 && pending.values().every((id) => newest.get(id)?.state === 'queued')

  function holdFor(unreachable: { id: string; why: string }[]): void {
    for (const { id, why } of unreachable) {
      limit.hold(`waiting for ${id} to come back: ${why}`, [tm('health'), tm('wait', {}, 'ID…')])
    }
  }

  /** Beside the wait: a node that is slow to describe itself must not slow it down. */
  function askWhy(asked: NodeLink[], waiting: () => Waiting[]): void {
    if (now() < askWhyAt) return
    askWhyAt = Infinity
    const states = askAll(asked, ({ client }) => client.getState({ timeoutMs: 5000 }))
    // A node that does not answer is asked again.
    const holding = options.onPaused && pausedJobsOf(waiting()).catch(() => undefined)
    void Promise.all([states, holding]).then(([answers, jobs]) => {
      const known = answers.flatMap((one) => (one.ok ? [one.value] : []))
      blocked = known.length === asked.length ? whyBlocked(known) : undefined
      paused = jobs
      askWhyAt = now() + askWhyEveryMs
    })
  }

  let over = pending.size === 0
  for (let pauses = 0; !over; ) {
    const { next, lookMs } = await step()
    over = next === 'end'
    if (next !== 'pause') continue
    await sleep(Math.max(backoffMs(pauses, pauseMs), Math.min(mostPauseMs, lookMs / lookShare)))
    pauses += 1
  }
  if (paused && pending.size > 0) options.onPaused?.(paused)
  return ids.map((id) => newest.get(id) as Task)
}

/** Those that were found so far. */
function placed(ids: string[], { tasks, at }: Pick<Found, 'tasks' | 'at'>): Waiting[] {
  return ids.flatMap((id) => {
    const [task, node] = [tasks.get(id), at.get(id)]
    return task && node ? [{ task, node }] : []
  })
}

export interface Found {
  tasks: Map<string, Task>
  /** The node that has each task. */
  at: Map<string, NodeLink>
  /** Nodes that did not answer. */
  unreachable: { id: string; why: string }[]
}

/** Looks these tasks up on all nodes. */
export async function findTasks(ids: string[], nodes: NodeLink[]): Promise<Found> {
  const found: Found = { tasks: new Map(), at: new Map(), unreachable: [] }
  const asked = await askAll(nodes, ({ client }) => lookupAt(client, ids))
  for (const one of asked) {
    if (!one.ok) found.unreachable.push({ id: one.node.id, why: one.why })
    else
      for (const task of one.value) {
        if (better(task, found.tasks.get(task.id)) !== task) continue
        found.tasks.set(task.id, task)
        found.at.set(task.id, one.node)
      }
  }
  return found
}

/** Those of these tasks that one node knows. */
export async function lookupAt(client: NodeLink['client'], ids: string[]): Promise<Task[]> {
  const tasks: Task[] = []
  for (let start = 0; start < ids.length; start += lookupSize) {
    const page = ids.slice(start, start + lookupSize)
    tasks.push(...(await client.lookupTasks({ json: { ids: page } })).tasks)
  }
  return tasks
}

/** If two nodes accepted a task, the earlier result wins. */
function better(task: Task, other: Task | undefined): Task {
  if (!other) return task
  const hasResult = (one: Task) => one.state === 'succeeded'
  if (hasResult(task) !== hasResult(other)) return hasResult(task) ? task : other
  return (task.completedAt ?? Infinity) < (other.completedAt ?? Infinity) ? task : other
}

function unknownIds(ids: string[]): TmError {
  const more = ids.length > 1 ? ` (and ${ids.length - 1} more)` : ''
  return new TmError('not_found', `No node knows the task ${ids[0]}${more}`, {
    suggestions: [suggest`See the newest results: ${tm('pull')}`],
  })
}
