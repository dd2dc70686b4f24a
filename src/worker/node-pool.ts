/**
 * The nodes that a worker gets tasks from: its own node first, and siblings when that has none. Claims
 * and renews leases, and tracks when each node last answered.
 */

import { type Client, connect } from '../api/client.ts'
import { unpackLeases } from '../api/leases.ts'
import { messageOf, TmError } from '../core/errors.ts'
import type { Isolation } from '../core/isolation.ts'
import type { Resources, Room } from '../core/resources.ts'
import type { Setup, SetupFailure, SetupState } from '../core/setup.ts'
import type { Lease } from '../core/task.ts'
import { retry } from '../runtime/retry.ts'
import type { Tail } from '../runtime/tail.ts'
import { createReportQueue, type ReportQueue } from './report-queue.ts'
import type { RunningTask } from './slot/slot.ts'

export interface NodePoolOptions {
  worker: string
  url: string
  certificate?: string | undefined
  token: string
  /** Called with the token that replaces this one, before it is used. */
  onToken: (token: string) => Promise<void>
  onProblem: (what: string, error: unknown) => void
  /** What the worker logs, for its own node. */
  tail?: Pick<Tail, 'read'> | undefined
}

export interface ClaimRequest {
  max: number
  maxWork: number
  room: Room | undefined
  /** How long to wait for a task at the worker's own node. */
  waitMs: number
  signal: AbortSignal
}

/** Leases, and the node that gave them. */
export interface Claimed extends Node {
  leases: Lease[]
}

interface State {
  slots: number
  running: number
  draining: boolean
  /** What the worker has for tasks of jobs. */
  capacity: Resources
  /** Each command runs as a user of its own. */
  ownUsers: boolean
  isolation?: Isolation | undefined
  /** How far the setup of its machine is, if it needs one. */
  setup?: SetupState | undefined
}

interface Node {
  client: Client
  reports: ReportQueue
}

/** Short, so that a sibling that is down does not delay tasks of the own node. */
const siblingTimeoutMs = 2000
/** The longest pause in an answer with bodies, also that of a sibling. */
const bodyTimeoutMs = 10_000
/** A worker is of no use before its node has answered; whether that is too long is for the worker to say. */
const untilItAnswers = {
  retries: Number.POSITIVE_INFINITY,
  backoff: { firstMs: 200, maxMs: 5000 },
}
/** Lines of the log in one heartbeat. */
const maxLines = 100

export type NodePool = ReturnType<typeof createNodePool>

export function createNodePool(options: NodePoolOptions) {
  const { worker, url, onToken, onProblem, tail } = options
  let { token } = options
  let lastContact = performance.now()
  let ownContact = lastContact
  let borrowed = false
  let problem = ''
  let refusal: string | undefined
  /** How many lines of the log the own node has. */
  let linesSent = 0
  const byUrl = new Map<string, Node>()
  const own = nodeAt(options)
  let siblings: Node[] = []

  function nodeAt(at: { url: string; certificate?: string | undefined }): Node {
    const known = byUrl.get(at.url)
    if (known) return known
    const client = connect({ url: at.url, certificate: at.certificate, token: () => token })
    const node = { client, reports: createReportQueue({ client, onContact: contact, onProblem }) }
    byUrl.set(at.url, node)
    return node
  }

  function contact(): void {
    lastContact = performance.now()
    problem = ''
  }

  function newLines() {
    const { lines, next } = tail?.read({ count: maxLines, after: linesSent }) ?? {
      lines: [],
      next: 0,
    }
    return { next, log: lines.length > 0 ? { log: lines } : {} }
  }

  /** Logs a problem once, not every second while a node is down. */
  function reportProblem(what: string, error: unknown): void {
    const text = `${what}: ${messageOf(error)}`
    if (text !== problem) onProblem(what, error)
    problem = text
  }

  async function claimFrom(
    { client }: Node,
    request: ClaimRequest,
    waitMs: number,
  ): Promise<Lease[]> {
    const { max, maxWork, room, signal } = request
    const timeoutMs = waitMs + (client === own.client ? 10_000 : siblingTimeoutMs)
    try {
      const frames = await client.claimLeases({
        json: { max, maxWork, ...(room ? { room } : {}), wait: waitMs },
        timeoutMs,
        bodyTimeoutMs,
        signal,
      })
      const leases = unpackLeases(frames)
      contact()
      return leases
    } catch (error) {
      if (!signal.aborted) reportProblem(`no claim from ${client.url}`, error)
      return []
    }
  }

  return {
    /** Claims leases from the first node that has tasks. */
    async claim(request: ClaimRequest): Promise<Claimed> {
      const first = await claimFrom(own, request, request.waitMs)
      if (first.length > 0) return { leases: first, ...own }
      for (const sibling of siblings) {
        if (request.signal.aborted) break
        const leases = await claimFrom(sibling, request, 0)
        if (leases.length > 0) return { leases, ...sibling }
      }
      return { leases: [], ...own }
    },

    /** Joins the own node, or sends it a heartbeat. Returns the settings in force. */
    async heartbeat(state: State) {
      try {
        const { next, log } = newLines()
        const answer = await own.client.heartbeat({
          params: { id: worker },
          json: { ...state, ...log, pid: process.pid },
          timeoutMs: 5000,
        })
        linesSent = next
        contact()
        ownContact = lastContact
        borrowed = answer.borrowed
        siblings = answer.siblings.map(nodeAt)
        if (answer.token) {
          await onToken(answer.token)
          token = answer.token
        }
        return answer.settings
      } catch (error) {
        if (error instanceof TmError && error.code === 'incompatible') refusal = error.message
        reportProblem(`no heartbeat to ${url}`, error)
        return undefined
      }
    },

    /** Renews the leases of these tasks. Returns the tasks that lost their lease. */
    async renew(running: RunningTask[]): Promise<RunningTask[]> {
      const lost = await Promise.all(
        [...byUrl.values()].map(async ({ client, reports }) => {
          const mine = running.filter((task) => task.reports === reports)
          if (mine.length === 0) return []
          try {
            const refs = mine.map(({ id, attempt, sign }) => ({ id, attempt, ...sign?.() }))
            const { verdicts } = await client.renewLeases({
              json: { leases: refs },
              timeoutMs: 5000,
            })
            contact()
            return mine.filter((_, index) => verdicts[index] !== 'done')
          } catch (error) {
            reportProblem(`leases of ${client.url} were not renewed`, error)
            return []
          }
        }),
      )
      return lost.flat()
    },

    /** What the machine of the worker has to do before its first task, as the own node says. */
    async setup(signal: AbortSignal): Promise<Setup | undefined> {
      const { setup } = await retry(() => own.client.getSetup({ timeoutMs: 5000, signal }), {
        ...untilItAnswers,
        signal,
      })
      return setup
    },

    /** Tells the own node that this worker is gone, and how its setup failed if that is why. */
    async leave(failedSetup?: SetupFailure & { hash: string }): Promise<void> {
      await own.client
        .workerDown({
          params: { instance_id: worker },
          json: { id: worker, ...newLines().log, ...(failedSetup ? { failedSetup } : {}) },
          timeoutMs: 3000,
          retries: 2,
        })
        .catch((error) => {
          onProblem('the node did not hear that this worker stopped', error)
        })
    },

    /** How many nodes the cluster has, as far as the own node said. */
    count: () => 1 + siblings.length,
    /** Why the own node refuses this worker; undefined if it does not. */
    refusal: () => refusal,
    /** The time since any node last answered. */
    silenceMs: () => performance.now() - lastContact,
    /** The time since the own node last answered, if this worker uses a borrowed place; else 0. */
    borrowedSilenceMs: () => (borrowed ? performance.now() - ownContact : 0),
    reportQueues: () => [...byUrl.values()].map(({ reports }) => reports),
  }
}
