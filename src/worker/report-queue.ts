/**
 * Queues reports to one node. Sends them in batches, one at a time, and repeats a batch until the node
 * answers.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client, RequestOf } from '../api/client.ts'
import { packedBytes, packResults, type ResultReport } from '../api/reports.ts'
import { backoffMs } from '../core/backoff.ts'
import type { TmError } from '../core/errors.ts'
import type { Outcome } from './outcome.ts'

export interface ReportQueueOptions {
  client: Pick<Client, 'url' | 'completeLeases' | 'failLeases' | 'releaseLeases'>
  /** The node answered. */
  onContact: () => void
  onProblem: (what: string, error: unknown) => void
}

export interface Report {
  id: string
  attempt: number
  outcome: Outcome
}

export type ReportQueue = ReturnType<typeof createReportQueue>

/** The maximum number of reports in a request. */
const maxReports = 5000
/** Characters in a request, each of which may take six bytes in JSON; a node takes 4 MiB. */
const maxCharacters = 400_000
/** Bytes of results in a request; a node takes 1 MiB. */
const maxBytes = 900_000
const backoff = { firstMs: 50, maxMs: 2000 }

export function createReportQueue({ client, onContact, onProblem }: ReportQueueOptions) {
  let waiting: Report[] = []
  /** How many of these are to be sent now: the first. Those behind them may wait for others. */
  let due = 0
  let sending: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let abandoned = false

  async function sendAll(): Promise<void> {
    let failures = 0
    while (due > 0 && !abandoned) {
      const batch = waiting.slice(0, countThatFit(waiting))
      const drop = () => {
        waiting = waiting.slice(batch.length)
        due = Math.max(0, due - batch.length)
      }
      try {
        await send(batch)
        onContact()
        drop()
        failures = 0
      } catch (error) {
        onProblem(`${batch.length} reports did not reach ${client.url}`, error)
        if (isPassing(error)) await sleep(backoffMs(failures, backoff))
        else drop()
        failures += 1
      }
    }
  }

  async function send(batch: Report[]): Promise<void> {
    const results: ResultReport[] = []
    const reports: RequestOf<'failLeases'>['json']['reports'] = []
    const leases: { id: string; attempt: number }[] = []
    for (const { id, attempt, outcome } of batch) {
      if (outcome.kind === 'succeeded') results.push({ id, attempt, ...outcome })
      else if (outcome.kind === 'failed') {
        const { error, final, lost, memory, attempt: failed = {} } = outcome
        const how = {
          ...(final ? { final } : {}),
          ...(lost ? { lost } : {}),
          ...(memory ? { memory } : {}),
        }
        reports.push({ id, attempt, error, ...failed, ...how })
      } else leases.push({ id, attempt })
    }
    await Promise.all([
      results.length > 0 && client.completeLeases({ body: packResults(results) }),
      reports.length > 0 && client.failLeases({ json: { reports } }),
      leases.length > 0 && client.releaseLeases({ json: { leases } }),
    ])
  }

  function start(): void {
    clearTimeout(timer)
    timer = undefined
    due = waiting.length
    // Starts later, so that reports of one turn of the event loop share a batch.
    sending ??= Promise.resolve()
      .then(sendAll)
      .finally(() => {
        sending = undefined
      })
  }

  return {
    url: client.url,

    /** Sends it with others that come within `mayWaitMs`. */
    report(report: Report, mayWaitMs = 0): void {
      waiting.push(report)
      if (mayWaitMs === 0) start()
      else timer ??= setTimeout(start, mayWaitMs)
    },

    /** Resolves when every report has been answered. */
    async flushed(): Promise<void> {
      if (timer) start()
      while (sending !== undefined) await sending
    },

    /** Drops reports that are not sent. Their leases expire and the tasks run again. */
    abandon(): void {
      abandoned = true
    },
  }
}

/** How many of these fit into one request; at least one. */
export function countThatFit(reports: readonly Report[]): number {
  let characters = 0
  let bytes = 0
  const end = reports.slice(0, maxReports).findIndex(({ outcome }, index) => {
    if (outcome.kind === 'stopped') return false
    if (outcome.kind === 'succeeded') {
      bytes += packedBytes(outcome)
      return index > 0 && bytes > maxBytes
    }
    const { error, attempt } = outcome
    const texts = attempt ? attempt.stdout.text.length + attempt.stderr.text.length : 0
    characters += error.length + texts
    return index > 0 && characters > maxCharacters
  })
  return end === -1 ? maxReports : end
}

/** Whether to send again: the node does not answer or can't store anything now. */
export function isPassing(error: unknown): boolean {
  const { code } = error as TmError
  return ['unreachable', 'unavailable', 'internal', 'storage_full'].includes(code)
}
