/**
 * The one error type of tm and its closed set of codes. Routes map a code to an HTTP status, the
 * client rebuilds the error from the answer, and the command line maps it to an exit code.
 */

/** What each code means to HTTP and to a shell. Exit 2 is wrong usage, 1 is everything else. */
export const errorCodes = {
  invalid: { status: 400, exit: 2 },
  unauthorized: { status: 401, exit: 1 },
  forbidden: { status: 403, exit: 1 },
  /** The other side is of another version, and would be misunderstood. */
  incompatible: { status: 400, exit: 1 },
  not_found: { status: 404, exit: 1 },
  conflict: { status: 409, exit: 1 },
  too_large: { status: 413, exit: 1 },
  internal: { status: 500, exit: 1 },
  unavailable: { status: 503, exit: 1 },
  storage_full: { status: 507, exit: 1 },
  /** No answer came from the other side; it may or may not have acted. Never sent over HTTP. */
  unreachable: { status: 503, exit: 1 },
  /** Data on disk that must not be used. Only at the start of a node. */
  damaged: { status: 500, exit: 1 },
  /** A step on this machine failed: a process did not start, a file can't be read. */
  failed: { status: 500, exit: 1 },
} as const

export type ErrorCode = keyof typeof errorCodes

export interface TmErrorOptions {
  /** What to do next, as commands or short sentences. */
  suggestions?: string[]
  cause?: unknown
}

export class TmError extends Error {
  readonly code: ErrorCode
  readonly suggestions: string[]

  constructor(code: ErrorCode, message: string, options: TmErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'TmError'
    this.code = code
    this.suggestions = options.suggestions ?? []
  }

  /** Its shape in HTTP answers and in `--json`. The cause stays behind: it may name private things. */
  toJSON(): { code: ErrorCode; message: string; suggestions?: string[] } {
    const { code, message, suggestions } = this
    return suggestions.length > 0 ? { code, message, suggestions } : { code, message }
  }
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(errorCodes, value)
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
