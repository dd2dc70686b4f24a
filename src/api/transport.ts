/**
 * Sends requests over the network with time limits and retries, and turns failures into errors. All
 * requests to a node are idempotent, so a request whose answer was lost is sent again.
 */
import { errorCodes, isErrorCode, TmError } from '../core/errors.ts'
import { stallLimit } from '../core/stall.ts'
import { suggest, tm } from '../core/suggestions.ts'
import { proxyAnswer } from '../runtime/proxy-refusal.ts'
import { retry } from '../runtime/retry.ts'
import { startStallTimer } from '../runtime/stall-timer.ts'
import { dispatcherFor } from './connections.ts'
import { inPieces, readAll } from './transfer.ts'

export interface RequestOptions {
  /** The longest silence in one try, while bytes move neither way; 30 s if undefined. */
  timeoutMs?: number | undefined
  /** The longest silence once the answer has begun; `timeoutMs` if undefined. */
  bodyTimeoutMs?: number | undefined
  /** How many times to retry if no answer comes or the node is unavailable (503). */
  retries?: number | undefined
  /** Gives up at once. */
  signal?: AbortSignal | undefined
}

export interface Answer {
  status: number
  bytes: Uint8Array<ArrayBuffer>
}

const backoff = { firstMs: 100, maxMs: 10_000 }

/** `certificate` (PEM) is the only certificate to trust. Without it, there is no TLS. */
export function createTransport(certificate: string | undefined) {
  return async (
    url: string | URL,
    request: RequestInit,
    options: RequestOptions = {},
  ): Promise<Answer> => {
    if (certificate === undefined) refuseUnverified(url)
    const { retries = 0, timeoutMs = stallLimit.limitMs, signal } = options
    return await retry(
      async (retriesLeft) => {
        const dispatcher = await dispatcherFor(certificate, timeoutMs)
        const through = { ...request, ...(dispatcher ? { dispatcher } : {}) } as RequestInit
        const answer = await sendOnce(url, through, { ...options, timeoutMs })
        if (retriesLeft === 0 || answer.status !== errorCodes.unavailable.status) return answer
        throw errorIn(answer)
      },
      { retries, backoff, signal },
    )
  }
}

async function sendOnce(
  url: string | URL,
  request: RequestInit,
  { timeoutMs, bodyTimeoutMs = timeoutMs, signal }: RequestOptions & { timeoutMs: number },
): Promise<Answer> {
  const { origin } = new URL(url)
  const stalled = new AbortController()
  const timer = startStallTimer({ ...stallLimit, limitMs: timeoutMs }, () => stalled.abort())
  const either = signal ? AbortSignal.any([signal, stalled.signal]) : stalled.signal
  let why = `no answer in ${timeoutMs / 1000} s`
  try {
    const init = { ...inPieces(request, timer.moved), signal: either, redirect: 'error' } as const
    const response = await fetch(url, init)
    why = `its answer stood still for ${bodyTimeoutMs / 1000} s`
    timer.restart(bodyTimeoutMs)
    const answer = { status: response.status, bytes: await readAll(response, timer.moved) }
    if (answer.status !== errorCodes.timeout.status) return answer
    throw unreachable(origin, errorIn(answer))
  } catch (error) {
    if (signal?.aborted) throw signal.reason
    if (stalled.signal.aborted) throw unreachable(origin, error, why)
    if (error instanceof TmError) throw error
    throw unreachable(origin, error)
  } finally {
    timer.stop()
  }
}

/** TLS without a known certificate would trust anyone with a certificate for that address. */
function refuseUnverified(url: string | URL): void {
  if (!/^\s*https:/i.test(String(url))) return
  throw new TmError(
    'unreachable',
    `${new URL(url).origin} has not proved yet that it is a node of this cluster`,
    {
      suggestions: [suggest`Complete the cluster: ${tm('up')}`],
    },
  )
}

/** No answer came. The node may have carried out the request. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof TmError && error.code === 'unreachable'
}

/** The connection was refused: the node has not received the request. */
export function wasRefused(error: unknown): boolean {
  const cause = error instanceof TmError ? (error.cause as NodeJS.ErrnoException) : undefined
  return cause?.code === 'ECONNREFUSED'
}

function unreachable(origin: string, error: unknown, said?: string): TmError {
  const cause = (error as { cause?: NodeJS.ErrnoException }).cause ?? error
  const proxied = proxyAnswer(cause)
  const why = said ?? proxied?.text ?? describe(cause)
  return new TmError('unreachable', `${origin} can't be reached: ${why}`, {
    cause,
    suggestions: [
      ...(proxied ? [throughProxy] : []),
      suggest`See which nodes are up: ${tm('health')}`,
      suggest`Start missing nodes: ${tm('up')}`,
    ],
  })
}

const throughProxy =
  'HTTPS_PROXY names the proxy; it has to allow CONNECT to that port, or NO_PROXY has to name the node'

const wrongCertificate = [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]

function describe(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException
  if (wrongCertificate.includes(String(code))) {
    return `its certificate is not the certificate of this node (${code}); nothing was sent`
  }
  if (code === 'ECONNREFUSED') return 'nothing listens there'
  if (code === 'ECONNRESET' || code === 'UND_ERR_SOCKET') return 'the connection broke'
  return message || String(code)
}

/** The error in an answer that is not a success. */
export function errorIn({ status, bytes }: Answer): TmError {
  const { code, message, suggestions } = parse(new TextDecoder().decode(bytes))
  if (isErrorCode(code) && message) return new TmError(code, message, { suggestions })
  return new TmError('internal', `The node answered with status ${status}`)
}

/** The answer may come from a proxy rather than a node, so its shape is checked. */
function parse(text: string): { code?: unknown; message?: string; suggestions: string[] } {
  try {
    const { code, message, suggestions } = JSON.parse(text).error
    const texts = Array.isArray(suggestions) ? suggestions.map(String) : []
    return typeof message === 'string' ? { code, message, suggestions: texts } : { suggestions: [] }
  } catch {
    return { suggestions: [] }
  }
}
