/**
 * The one way into a node, for commands, workers and siblings. Typed from the node's routes, of
 * which it takes nothing but the types. Every call either gives the answer's data or throws a
 * `TmError`: the one the node sent, or `unreachable`.
 */
import { hc } from 'hono/client'
import { encodeFrames, type Frame, framesType } from '../core/frames.ts'
import type { RotationPhase } from '../core/keys.ts'
import { protocol, protocolHeader } from '../core/protocol.ts'
import type { SettingName } from '../core/settings.ts'
import type { NewTask, TaskState } from '../core/task.ts'
import type { App } from '../node/app.ts'
import type { Sibling } from '../node/siblings.ts'
import { bytesOf, data, orNotFound } from './answers.ts'
import { leaseCalls } from './leases.ts'
import { createTransport, type Patience } from './transport.ts'

export interface ConnectOptions {
  url: string
  /** A function where it may change. */
  token: string | (() => string)
  /** PEM: the only certificate that the node may have. Without one there is no TLS. */
  certificate?: string | undefined
}

/** The routes, as functions that send one request with this much patience. */
export type Api = (patience?: Patience) => ReturnType<typeof hc<App>>

/** What makes these bytes the body of a request. */
export type Binary = (body: Uint8Array<ArrayBuffer>, type: string) => { init: RequestInit }

export type Client = ReturnType<typeof connect>

export type NodeState = Awaited<ReturnType<Client['state']>>

/** What a worker says of itself. */
export interface Heartbeat {
  slots: number
  running: number
  draining: boolean
  pid?: number
}

type Settings = Record<SettingName, number>

export function connect({ url, token, certificate }: ConnectOptions) {
  const headers = () => ({
    authorization: `Bearer ${typeof token === 'string' ? token : token()}`,
    [protocolHeader]: String(protocol),
  })
  const api: Api = (patience = {}) =>
    hc<App>(url, {
      headers: headers(),
      fetch: createTransport({ ...patience, certificate }) as typeof fetch,
    })

  const binary: Binary = (body, type) => ({
    init: { body, headers: { ...headers(), 'content-type': type } },
  })

  return {
    url,

    enqueue: async (task: NewTask, patience?: Patience) =>
      await data(
        api(patience).enqueue.$put(
          {
            query: { iterations: String(task.iterations) },
            header: { 'idempotency-key': task.id },
          },
          { init: { body: task.body } },
        ),
      ),

    /** Safe to repeat: each task has its id. */
    enqueueMany: async (tasks: NewTask[], patience?: Patience) => {
      const frames: Frame[] = tasks.map(({ body, ...header }) => ({ header, body }))
      const sent = binary(encodeFrames(frames), framesType)
      return (await data(api(patience).v1.tasks.$post({}, sent))).tasks
    },

    task: async (id: string, patience?: Patience) =>
      await data(api(patience).v1.tasks[':id'].$get({ param: { id } })),
    lookup: async (ids: string[], patience?: Patience) =>
      (await data(api(patience).v1.tasks.lookup.$post({ json: { ids } }))).tasks,
    list: async (
      query: { state?: TaskState; limit: string; cursor: string },
      patience?: Patience,
    ) => await data(api(patience).v1.tasks.$get({ query })),
    cancel: async (id: string, patience?: Patience) =>
      await data(api(patience).v1.tasks[':id'].cancel.$post({ param: { id } })),
    retry: async (id: string, patience?: Patience) =>
      await data(api(patience).v1.tasks[':id'].retry.$post({ param: { id } })),

    results: async ({ limit, cursor }: { limit: number; cursor?: number }, patience?: Patience) => {
      const from = cursor === undefined ? {} : { cursor: String(cursor) }
      const query = { limit: String(limit), ...from }
      return await data(api(patience).v1.results.$get({ query }))
    },
    markPulled: async (ids: string[], patience?: Patience) => {
      for (let start = 0; start < ids.length; start += 1000) {
        const json = { ids: ids.slice(start, start + 1000) }
        await data(api(patience).v1.results.pulled.$post({ json }))
      }
    },

    state: async (patience?: Patience) => await data(api(patience).v1.state.$get()),
    settings: async (patience?: Patience) => await data(api(patience).v1.settings.$get()),
    changeSettings: async (json: Partial<Settings>, patience?: Patience) =>
      await data(api(patience).v1.settings.$patch({ json })),
    setSiblings: async (siblings: Sibling[], patience?: Patience) =>
      await data(api(patience).v1.siblings.$put({ json: { siblings } })),
    provision: async (json: Record<string, unknown>, patience?: Patience) =>
      await data(api(patience).v1.provision.$put({ json })),
    backup: async (patience?: Patience) => await data(api(patience).v1.backups.$post()),
    /** A part of it; empty at its end. */
    readBackup: async (id: string, from: number, patience?: Patience) =>
      await bytesOf(
        api(patience).v1.backups[':id'].$get({ param: { id }, query: { from: String(from) } }),
      ),
    removeBackup: async (id: string, patience?: Patience) =>
      await data(api(patience).v1.backups[':id'].$delete({ param: { id } })),
    writeRestore: async (from: number, part: Uint8Array<ArrayBuffer>, patience?: Patience) =>
      await data(
        api(patience).v1.restore.$put(
          { query: { from: String(from) } },
          binary(part, 'application/octet-stream'),
        ),
      ),
    finishRestore: async (patience?: Patience) => await data(api(patience).v1.restore.$post()),

    rotateSecret: async (json: { next: string; phase: RotationPhase }, patience?: Patience) =>
      (await data(api(patience).v1.secret.$put({ json }))).waitingFor,

    drain: async (patience?: Patience) => await data(api(patience).v1.drain.$post()),

    askForLoan: async ({ id }: { id: string }, patience?: Patience) =>
      await data(api(patience).try_get_node_quota.$get({ query: { loan: id } })),
    /** Undefined when the lender knows of no such loan any more. */
    renewLoan: async (loan: string, patience?: Patience) =>
      await orNotFound(data(api(patience).v1.loans[':loan'].$put({ param: { loan } }))),
    returnLoan: async (loan: string, patience?: Patience) =>
      await data(api(patience).v1.loans[':loan'].$delete({ param: { loan } })),

    ...leaseCalls(api, binary),

    heartbeat: async (id: string, json: Heartbeat, patience?: Patience) =>
      await data(api(patience).v1.workers[':id'].$put({ param: { id }, json })),
    /** Undefined when the node does not know the worker (any more). */
    workerDown: async (id: string, patience?: Patience) =>
      await orNotFound(
        data(
          api(patience).worker_down[':instance_id'].$post({
            param: { instance_id: id },
            json: { id },
          }),
        ),
      ),
  }
}
