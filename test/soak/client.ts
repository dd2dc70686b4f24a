/** One client of the cluster: asks, and writes down what it sent and what it was told. */
import type { Counts, Outcome, SeenResult, SeenTask } from './events.ts'
import type { History } from './history.ts'
import { type Answer, type Asking, ask, hangUp } from './http.ts'
import { frames, framesType, isWhole, type MadeTask, withoutBody } from './making.ts'
import type { World } from './world.ts'

export type Told = 'acknowledged' | 'refused' | 'unheard'
export type Client = ReturnType<typeof createClient>

export function createClient(world: World, history: History) {
  /** One task as a body, many as frames. */
  function enqueueing(tasks: readonly MadeTask[], alone: boolean): { path: string } & Asking {
    const [task] = tasks as [MadeTask]
    if (!alone) {
      const headers = { 'content-type': framesType }
      return { path: '/v1/tasks', method: 'POST', headers, body: frames(tasks) }
    }
    const headers = { 'idempotency-key': task.id }
    const path = `/enqueue?iterations=${task.iterations}`
    return { path, method: 'PUT', headers, body: task.body }
  }

  function sent(node: string, tasks: readonly MadeTask[]): number {
    const request = history.nextRequest()
    const whole = isWhole(tasks)
    history.record({ kind: 'sent', request, node, whole, tasks: tasks.map(withoutBody) })
    return request
  }

  function outcomesOf({ status, json }: Answer): Outcome[] | undefined {
    if (status === 201) return ['taken']
    if (status === 409) return ['conflict']
    if (status !== 200) return undefined
    return (json as { tasks: { outcome: Outcome }[] }).tasks.map(({ outcome }) => outcome)
  }

  /** Anything else than enqueueing: undefined unless the answer is a 200. */
  async function look<T>(node: string, path: string, asking?: Asking): Promise<T | undefined> {
    const answer = await ask(world, node, path, asking)
    if (answer?.status === 500) history.record({ kind: 'broken', path, status: 500 })
    return answer?.status === 200 ? (answer.json as T) : undefined
  }

  return {
    async enqueue(node: string, tasks: readonly MadeTask[], alone: boolean): Promise<Told> {
      const { path, ...asking } = enqueueing(tasks, alone)
      const request = sent(node, tasks)
      const answer = await ask(world, node, path, asking)
      const outcomes = answer && outcomesOf(answer)
      if (outcomes) history.record({ kind: 'answered', request, outcomes })
      else if (answer) history.record({ kind: 'refused', request, status: answer.status })
      else history.record({ kind: 'unheard', request })
      return outcomes ? 'acknowledged' : answer ? 'refused' : 'unheard'
    },

    /** Breaks off after a part of the request. */
    async enqueuePart(node: string, tasks: readonly MadeTask[], alone: boolean, part: number) {
      const { path, ...asking } = enqueueing(tasks, alone)
      const request = sent(node, tasks)
      const bytes = Math.floor((asking.body?.length ?? 0) * part)
      await hangUp(world, node, path, asking, bytes)
      history.record({ kind: 'unheard', request })
    },

    async lookup(node: string, ids: string[]): Promise<void> {
      const asked = history.length()
      const asking = { method: 'POST', headers: json, body: JSON.stringify({ ids }) }
      const seen = await look<{ tasks: SeenTask[] }>(node, '/v1/tasks/lookup', asking)
      if (seen) history.record({ kind: 'looked', node, asked, ids, tasks: seen.tasks.map(task) })
    },

    async results(node: string, limit: number): Promise<void> {
      const asked = history.length()
      const seen = await look<{ results: SeenResult[] }>(node, `/v1/results?limit=${limit}`)
      if (seen)
        history.record({ kind: 'results', node, asked, results: seen.results.map(resultOf) })
    },

    async pull(node: string, top: number): Promise<void> {
      const asked = history.length()
      const path = `/pullCompleted?top=${top}`
      const seen = await look<SeenResult[]>(node, path, { method: 'POST' })
      if (seen) history.record({ kind: 'results', asked, results: seen.map(resultOf) })
    },

    async cancel(node: string, id: string): Promise<void> {
      history.record({ kind: 'cancelling', id })
      const answer = await ask(world, node, `/v1/tasks/${id}/cancel`, { method: 'POST' })
      if (answer) history.record({ kind: 'cancel', id, status: answer.status })
    },

    /** With no token, or one that is nobody's. */
    async intrude(node: string, path: string, asking: Asking): Promise<void> {
      const answer = await ask(world, node, path, { token: '', ...asking })
      if (answer) history.record({ kind: 'intruded', path, status: answer.status })
    },

    async counts(node: string): Promise<Counts | undefined> {
      return (await look<{ queue: Counts }>(node, '/v1/state'))?.queue
    },

    /** Everything that a node has; undefined when one of its pages can't be had. */
    async list(node: string): Promise<void> {
      const tasks = await pages<SeenTask>(node, '/v1/tasks?limit=1000', 'tasks')
      const results = await pages<SeenResult>(node, '/v1/results?limit=10000', 'results')
      const counts = (await look<{ queue: Counts }>(node, '/v1/state'))?.queue
      if (!counts) throw new Error(`${node} does not say how it is`)
      const seen = { tasks: tasks.map(task), results: results.map(resultOf), counts }
      history.record({ kind: 'listed', node, ...seen })
    },
  }

  async function pages<T>(node: string, path: string, name: string): Promise<T[]> {
    const all: T[] = []
    let cursor: number | undefined
    do {
      const from = cursor === undefined ? '' : `&cursor=${cursor}`
      const page = await look<Record<string, T[]> & { next?: number }>(node, path + from)
      if (!page) throw new Error(`${node} does not show its ${name}`)
      all.push(...(page[name] ?? []))
      cursor = page.next
    } while (cursor !== undefined)
    return all
  }
}

const json = { 'content-type': 'application/json' }

function task({ id, state, iterations, size, result }: SeenTask): SeenTask {
  return { id, state, iterations, size, ...(result === undefined ? {} : { result }) }
}

function resultOf({ id, result, iterations, completedAt, attempts }: SeenResult): SeenResult {
  return { id, result, iterations, completedAt, attempts }
}
