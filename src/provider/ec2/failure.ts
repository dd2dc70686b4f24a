/** What a failed call to AWS is, and what a row of the error table says of it. */
import type { ErrorCode } from '../../core/errors.ts'

/** elsewhere: this very request is hopeless, another one (zone, type, attempt number) may do. */
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

/** What was being done, for the message. */
export interface ErrorContext {
  /** `making the security group` */
  doing: string
  region?: string
  type?: string
  spot?: boolean
  /** The command to run again; `tm up` if undefined. */
  again?: string
}

export interface Row {
  kind: ErrorKind
  verdict: Verdict
  codes?: RegExp
  message?: RegExp
  when?: (failure: Failure) => boolean
  /** Of the TmError; `failed` if undefined. */
  code?: ErrorCode
  /** Milliseconds before the first retry. */
  firstDelay?: number
  explain(failure: Failure, context: ErrorContext): { cause: string; next: string[] }
}
