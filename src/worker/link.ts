/**
 * One node as the worker sees it: where leases come from and reports go back to. Reports are sent
 * together, one request at a time, and again until the node has answered.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '../client/client.ts'
import type { AttemptRef, Verdict } from '../client/leases.ts'
import type { TmError } from '../core/errors.ts'
import type { Ending } from './slot-messages.ts'

export interface LinkOptions {
  client: Pick<Client, 'url' | 'complete' | 'fail' | 'release'>
  /** The node answered. */
  onContact: () => void
  onProblem: (what: string, error: unknown) => void
}

interface Report extends AttemptRef {
  ending: Ending
}

export type Link = ReturnType<typeof createLink>

/** Reports in one request: as many as its answer can name. */
const maxReports = 5000
const longestPause = 2000

export function createLink({ client, onContact, onProblem }: LinkOptions) {
  let waiting: Report[] = []
  let sending: Promise<void> | undefined
  let abandoned = false

  async function sendAll(): Promise<void> {
    let pause = 50
    while (waiting.length > 0 && !abandoned) {
      const batch = waiting.slice(0, maxReports)
      try {
        await send(batch)
        onContact()
        waiting = waiting.slice(batch.length)
        pause = 50
      } catch (error) {
        onProblem(`${batch.length} reports did not reach ${client.url}`, error)
        if (!isPassing(error)) waiting = waiting.slice(batch.length)
        else await sleep(pause)
        pause = Math.min(longestPause, pause * 2)
      }
    }
  }

  async function send(batch: Report[]): Promise<void> {
    const of = <K extends Ending['kind']>(kind: K) =>
      batch.filter(({ ending }) => ending.kind === kind) as (AttemptRef & {
        ending: Extract<Ending, { kind: K }>
      })[]
    const succeeded = of('succeeded').map(({ id, attempt, ending: { result } }) => ({
      id,
      attempt,
      result,
    }))
    const failed = of('failed').map(({ id, attempt, ending: { error } }) => ({
      id,
      attempt,
      error,
    }))
    const stopped = of('stopped').map(({ id, attempt }) => ({ id, attempt }))
    const requests: Promise<Verdict[]>[] = []
    if (succeeded.length > 0) requests.push(client.complete(succeeded))
    if (failed.length > 0) requests.push(client.fail(failed))
    if (stopped.length > 0) requests.push(client.release(stopped))
    await Promise.all(requests)
  }

  return {
    url: client.url,

    report(report: Report): void {
      waiting.push(report)
      // Whatever ends in the same turn travels together.
      sending ??= Promise.resolve()
        .then(sendAll)
        .finally(() => {
          sending = undefined
        })
    },

    /** Resolves when every report has been answered. */
    async flushed(): Promise<void> {
      while (sending !== undefined) await sending
    },

    /** Gives up what is not sent: the leases expire, the tasks are done again. */
    abandon(): void {
      abandoned = true
    },
  }
}

/** Worth sending again: the node is away, or can't store anything at the moment. */
function isPassing(error: unknown): boolean {
  const { code } = error as TmError
  return ['unreachable', 'unavailable', 'internal', 'storage_full'].includes(code)
}
