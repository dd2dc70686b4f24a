/**
 * The only error type of tm, and its codes. Nodes answer with the HTTP status of a code, the client
 * rebuilds the error from the answer, and the command line exits with the exit code.
 */
import { type Place, renderSuggestion, type Suggestion } from './suggestions.ts'

/** The HTTP status and exit code of each error code. Exit code 2 is wrong usage, 1 all else. */
export const errorCodes = {
  invalid: { status: 400, exit: 2 },
  unauthorized: { status: 401, exit: 1 },
  forbidden: { status: 403, exit: 1 },
  /** The other side is another version of tm that speaks another protocol. */
  incompatible: { status: 400, exit: 1 },
  not_found: { status: 404, exit: 1 },
  not_allowed: { status: 405, exit: 1 },
  /** The body of the request came too slowly. */
  timeout: { status: 408, exit: 1 },
  conflict: { status: 409, exit: 1 },
  too_large: { status: 413, exit: 1 },
  internal: { status: 500, exit: 1 },
  unavailable: { status: 503, exit: 1 },
  /** Too many large bodies are being received, or the disk is nearly full: try again in a second. */
  busy: { status: 503, exit: 1 },
  storage_full: { status: 507, exit: 1 },
  /** The other side did not answer; it may or may not have acted. Never sent over HTTP. */
  unreachable: { status: 503, exit: 1 },
  /** Data on disk is damaged. Only at the start of a node. */
  damaged: { status: 500, exit: 1 },
  /** Something failed on this machine: a process did not start, a file can't be read. */
  failed: { status: 500, exit: 1 },
} as const

export type ErrorCode = keyof typeof errorCodes

export interface TmErrorOptions {
  /** What to do next. */
  suggestions?: Suggestion[]
  cause?: unknown
}

export interface RenderedError {
  code: ErrorCode
  message: string
  suggestions?: string[]
}

export class TmError extends Error {
  readonly code: ErrorCode
  readonly suggestions: Suggestion[]

  constructor(code: ErrorCode, message: string, options: TmErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'TmError'
    this.code = code
    this.suggestions = options.suggestions ?? []
  }

  /**
   * The error as HTTP answers, `--json` and a terminal show it, with suggestions as text. Omits the
   * cause, which may contain private data.
   */
  render(place: Place): RenderedError {
    const { code, message } = this
    const suggestions = this.suggestions.map((one) => renderSuggestion(one, place))
    return suggestions.length > 0 ? { code, message, suggestions } : { code, message }
  }

  toJSON(): RenderedError {
    return this.render({})
  }
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(errorCodes, value)
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
