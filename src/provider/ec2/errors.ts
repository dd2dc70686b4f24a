/**
 * What an AWS error means, and what to do about it: `error-table.ts` read in order, and `retrying`,
 * which every call goes through.
 */
import { TmError } from '../../core/errors.ts'
import { errorTable } from './error-table.ts'
import type { ErrorContext, Failure, Row } from './failure.ts'
import { backoff, type Pace } from './pace.ts'

/** A TmError that came from AWS keeps what it was. */
export class AwsTmError extends TmError {
  readonly failure: Failure
  readonly row: Row

  constructor(row: Row, failure: Failure, context: ErrorContext, note = '') {
    const { cause, next } = row.explain(failure, context)
    super(row.code ?? 'failed', `${capital(context.doing)} failed: ${cause}${note}`, {
      suggestions: next,
      cause: failure.error,
    })
    this.failure = failure
    this.row = row
  }
}

export interface Retrying {
  pace: Pace
  /** Gives up when the next try would be later than this, on the clock of `pace`. */
  deadline: number
  context: ErrorContext
  /** Codes that are an answer to this call, not a failure to wait out. */
  answers?: string[]
}

/**
 * The answer of `call`, asked again as long as the table says `retry` and the deadline allows.
 * Everything else is thrown at once, as an AwsTmError.
 */
export async function retrying<T>(call: () => Promise<T>, options: Retrying): Promise<T> {
  const { pace, deadline, context, answers = [] } = options
  const began = pace.now()
  for (let n = 0; ; n += 1) {
    pace.signal?.throwIfAborted()
    try {
      return await call()
    } catch (error) {
      const { row, failure } = classify(error)
      const isAnswer = answers.includes(failure.code)
      if (isAnswer || row.verdict !== 'retry') throw new AwsTmError(row, failure, context)
      const most = row.kind === 'throttled' ? 20_000 : 8000
      const pause = backoff(n, pace.random(), { first: row.firstDelay ?? 400, most })
      if (pace.now() + pause > deadline) {
        const seconds = Math.round((pace.now() - began) / 1000)
        throw new AwsTmError(row, failure, context, ` (${n + 1} tries in ${seconds} s)`)
      }
      await pace.sleep(pause, pace.signal)
    }
  }
}

/** The answer of `call`, or undefined where it fails with one of `codes`. */
export async function unless<T>(codes: string[], call: Promise<T>): Promise<T | undefined> {
  try {
    return await call
  } catch (error) {
    if (codes.includes(codeOf(error))) return undefined
    throw error
  }
}

export function codeOf(error: unknown): string {
  return error instanceof AwsTmError ? error.failure.code : readFailure(error).code
}

/** Any error of the SDK as ours. */
export function translate(error: unknown, context: ErrorContext): TmError {
  if (error instanceof TmError) return error
  const { row, failure } = classify(error)
  return new AwsTmError(row, failure, context)
}

/** The first row of the table that fits; its last one fits everything. */
export function classify(error: unknown): { row: Row; failure: Failure } {
  const failure = readFailure(error)
  const row = errorTable.find(
    ({ codes, message, when }) =>
      (codes === undefined || codes.test(failure.code)) &&
      (message === undefined || message.test(failure.message)) &&
      (when === undefined || when(failure)),
  )
  return { row: row as Row, failure }
}

/**
 * The SDK puts the code into `name`; IAM's modelled errors end in `Exception` there (NoSuchEntity is
 * NoSuchEntityException), and errors of the network have their own `code`.
 */
export function readFailure(error: unknown): Failure {
  const one = error as Error & {
    Code?: unknown
    code?: unknown
    $metadata?: { httpStatusCode?: number }
    $fault?: unknown
  }
  const isAws = one?.$fault !== undefined || one?.$metadata?.httpStatusCode !== undefined
  const raw = isAws ? (one.Code ?? one.name) : (one?.code ?? one?.name)
  return {
    code: String(raw ?? 'Error').replace(/^Client\.|^Server\.|(?<=.)Exception$/g, ''),
    message: String(one?.message ?? error),
    status: one?.$metadata?.httpStatusCode,
    error,
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
