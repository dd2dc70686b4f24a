/** A failed call to AWS: its parts, what a row of the error table says about it, and the error thrown. */
import { type ErrorCode, TmError } from '../../../core/errors.ts'
import { again, type Suggestion, suggest } from '../../../core/suggestions.ts'

/** elsewhere: this request is hopeless, but another zone, type or attempt number may work. */
export type Verdict = 'retry' | 'elsewhere' | 'stop'

export type ErrorKind =
  | 'credentials'
  | 'no-credentials'
  | 'denied'
  | 'account'
  | 'quota'
  | 'capacity'
  | 'token'
  | 'not-yet'
  | 'in-use'
  | 'choice'
  | 'throttled'
  | 'server'
  | 'unreachable'
  | 'unknown'

export interface Failure {
  code: string
  message: string
  status: number | undefined
  error: unknown
}

/** What the call was for: goes into the message. */
export interface ErrorContext {
  /** `creating the security group` */
  doing: string
  region?: string
  type?: string
  spot?: boolean
}

export interface Row {
  kind: ErrorKind
  verdict: Verdict
  codes?: RegExp
  message?: RegExp
  when?: (failure: Failure) => boolean
  /** Of the TmError; `failed` if undefined. */
  code?: ErrorCode
  /** 400, if undefined. */
  firstDelayMs?: number
  /** The message from AWS, if undefined. */
  cause?: string | ((failure: Failure, context: ErrorContext) => string)
  /** What to do; `Then:` and the command that failed follow. */
  next?: Suggestion[] | ((failure: Failure, context: ErrorContext) => Suggestion[])
}

/** An error from AWS, with its row of the table. */
export class AwsTmError extends TmError {
  readonly failure: Failure
  readonly row: Row

  constructor(row: Row, failure: Failure, context: ErrorContext, note = '') {
    const { cause = quote, next = [] } = row
    const why = typeof cause === 'string' ? cause : cause(failure, context)
    const steps = typeof next === 'function' ? next(failure, context) : next
    super(row.code ?? 'failed', `${capital(context.doing)} failed: ${why}${note}`, {
      suggestions: [...steps, suggest`Then: ${again}`],
      cause: failure.error,
    })
    this.failure = failure
    this.row = row
  }
}

/** Whether every other call would fail too. Not when one service can't be reached: others may. */
export function failsEveryCall(error: unknown): boolean {
  const kinds: ErrorKind[] = ['credentials', 'no-credentials']
  return error instanceof AwsTmError && kinds.includes(error.row.kind)
}

function quote({ code, message }: Failure): string {
  return `${message.replace(/\.\s*$/, '')} (${code})`
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/**
 * The SDK puts the code into `name`. IAM's modelled errors end in `Exception` there (NoSuchEntity is
 * NoSuchEntityException); network errors have their own `code`.
 */
export function readFailure(error: unknown): Failure {
  const thrown = error as Error & {
    Code?: unknown
    code?: unknown
    $metadata?: { httpStatusCode?: number }
    $fault?: unknown
  }
  const isAws = thrown?.$fault !== undefined || thrown?.$metadata?.httpStatusCode !== undefined
  const raw = isAws ? (thrown.Code ?? thrown.name) : (thrown?.code ?? thrown?.name)
  return {
    code: String(raw ?? 'Error').replace(/^Client\.|^Server\.|(?<=.)Exception$/g, ''),
    message: String(thrown?.message ?? error),
    status: thrown?.$metadata?.httpStatusCode,
    error,
  }
}

/**
 * Who may not do what on which resource, and why, from the message of a denied call (IAM User Guide,
 * Troubleshoot access denied error messages).
 */
export function describeDenial(message: string): string {
  const text = message.replace(/\s*Encoded authorization failure message:.*$/s, '')
  const find = (pattern: RegExp) => pattern.exec(text)?.[1]
  const action = find(/not authorized to perform:? ([\w-]+:\w+)/)
  if (!action) return 'AWS denies it: a permission is missing'
  const who = find(/User: (\S+) is not authorized/) ?? 'this identity'
  const resource = find(/on resource: (.+?)(?= because | with an |\.?\s*$)/)
  const why = find(/(?:because|with) (an? explicit deny.*|no .*?)(?=\.?\s*$)/)
  return `${who} may not ${action}${resource ? ` on ${resource}` : ''}${why ? `: ${why}` : ''}`
}

/** What allows it: no policy of the account does, where the organization or a boundary forbids it. */
export function denialAdvice(message: string): string[] {
  const text = message.replace(/\s*Encoded authorization failure message:.*$/s, '')
  if (/(service|resource) control policy/i.test(text)) {
    return [
      'A policy of your organization forbids it, whatever the account allows. If it demands tags: --tag KEY=VALUE',
      'Otherwise ask whoever manages the organization',
    ]
  }
  if (/permissions boundary/i.test(text)) return ['The permissions boundary has to allow it, too']
  return ['The permissions tm needs, with reasons: tm policy operator, docs/aws.md']
}
