/**
 * Sends one command to AWS and retries it as the error table says, until its deadline. An `AwsContext`
 * supplies the client, the region and the clock.
 */
import type { EC2Client } from '@aws-sdk/client-ec2'
import type { IAMClient } from '@aws-sdk/client-iam'
import type { STSClient } from '@aws-sdk/client-sts'
import { backoffMs } from '../../../core/backoff.ts'
import { within } from '../../../runtime/within.ts'
import { classify } from './error-table.ts'
import { AwsTmError, type ErrorContext } from './failure.ts'
import type { RetryContext } from './retry-context.ts'

/** A command of the SDK, of any service. */
export interface Command<Output> {
  readonly schema?: unknown
  resolveMiddleware(...args: never[]): (request: never) => Promise<{ output: Output }>
}

export type Client = EC2Client | IAMClient | STSClient

export interface CallOptions<Output = unknown> extends Omit<ErrorContext, 'region'> {
  /** The call with all its retries ends by then. */
  deadlineMs?: number
  /** No retry starts later than this; the deadline, if undefined. */
  retryForMs?: number
  /** Error codes that the caller expects: not retried, not thrown. */
  answers?: readonly string[]
  /** Rejects an output by throwing; the error is treated like one from AWS. */
  check?: (output: Output) => void
  /** In place of the client of the command's service. */
  client?: Client
}

/** The output, or the expected error code. */
export type Attempt<Output> =
  | { output: Output; code?: undefined }
  | { output?: undefined; code: string }

export interface Retrying {
  retry: RetryContext
  context: ErrorContext
  deadlineMs?: number | undefined
  retryForMs?: number | undefined
  answers?: readonly string[] | undefined
}

/**
 * Calls `send` until it succeeds, as long as the table says `retry` and the deadline allows. Throws
 * every other error at once, as an AwsTmError. Ends at the deadline and when the signal is aborted,
 * also if `send` itself never does: neither a silent endpoint nor a program that hands out credentials
 * can hold a command.
 */
export async function retrying<Output>(
  send: (stop: AbortSignal) => Promise<Output>,
  { retry, context, deadlineMs = 60_000, retryForMs = deadlineMs, answers = [] }: Retrying,
): Promise<Attempt<Output>> {
  const { signal } = retry
  const began = retry.now()
  for (let n = 0; ; n += 1) {
    signal?.throwIfAborted()
    const ms = began + deadlineMs - retry.now()
    try {
      return { output: await within({ ms, signal, late: noAnswer }, send) }
    } catch (error) {
      signal?.throwIfAborted()
      const { row, failure } = classify(error)
      if (answers.includes(failure.code)) return { code: failure.code }
      if (row.verdict !== 'retry') throw new AwsTmError(row, failure, context)
      const maxMs = row.kind === 'throttled' ? 20_000 : 8000
      const pauseMs = backoffMs(n, { firstMs: row.firstDelayMs ?? 400, maxMs }, retry.random())
      const waited = retry.now() - began
      if (waited + pauseMs > Math.min(retryForMs, deadlineMs)) {
        const seconds = Math.round(waited / 1000)
        const tries = n === 0 ? '1 try' : `${n + 1} tries`
        throw new AwsTmError(row, failure, context, ` (${tries} in ${seconds} s)`)
      }
      await retry.sleep(pauseMs, signal)
    }
  }
}

/** Named like the timeouts of the SDK. */
function noAnswer(): Error {
  return Object.assign(new Error('no answer'), { name: 'TimeoutError' })
}
