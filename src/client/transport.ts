/**
 * One request over the network: how long it may take, how often it is tried, and what its failure
 * is called. All of a node's requests may be repeated, so a lost answer is asked for again.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { isErrorCode, TmError } from '../core/errors.ts'
import { pinned } from './pinned.ts'

export interface Patience {
  /** Milliseconds for one try. */
  timeout?: number
  /** That is only until the answer begins: how long its body may take is the caller's affair. */
  untilAnswer?: boolean
  /** How often to try again when no answer comes or the node is not ready. */
  retries?: number
  /** Gives up at once. */
  signal?: AbortSignal | undefined
}

export interface TransportOptions extends Patience {
  /** PEM: the only certificate that the node may have. Without one there is no TLS. */
  certificate?: string | undefined
}

const firstPauseMs = 100

export function createTransport(options: TransportOptions) {
  const { timeout = 30_000, untilAnswer, retries = 0, signal, certificate } = options
  return async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    if (certificate === undefined) refuseUnproved(input)
    for (let tries = 0; ; tries += 1) {
      try {
        const dispatcher = certificate ? { dispatcher: await pinned(certificate) } : {}
        const request = { ...init, ...dispatcher } as RequestInit
        return await once(input, request, { timeout, untilAnswer, signal })
      } catch (error) {
        if (tries >= retries || signal?.aborted) throw error
        await sleep(firstPauseMs * 2 ** tries, undefined, { signal })
      }
    }
  }
}

async function once(
  input: string | URL | Request,
  init: RequestInit,
  { timeout, untilAnswer, signal }: Patience & { timeout: number },
): Promise<Response> {
  const answer = new AbortController()
  const timer = untilAnswer ? setTimeout(() => answer.abort(), timeout) : undefined
  const limit = untilAnswer ? answer.signal : AbortSignal.timeout(timeout)
  const either = signal ? AbortSignal.any([signal, limit]) : limit
  try {
    return await fetch(input, { ...init, signal: either, redirect: 'error' })
  } catch (error) {
    if (signal?.aborted) throw signal.reason
    throw unreachable(new URL(String(input)).origin, error, limit.aborted ? timeout : undefined)
  } finally {
    clearTimeout(timer)
  }
}

/** TLS without a certificate to compare with would trust whoever has one for that address. */
function refuseUnproved(input: string | URL | Request): void {
  const url = input instanceof Request ? input.url : String(input)
  if (!/^\s*https:/i.test(url)) return
  throw new TmError('unreachable', `${new URL(url).origin} has not proved yet that it is a node`, {
    suggestions: ['Complete the cluster: tm up'],
  })
}

/** Connection refused means that the node has seen nothing of the request. */
export function wasRefused(error: unknown): boolean {
  const cause = error instanceof TmError ? (error.cause as NodeJS.ErrnoException) : undefined
  return cause?.code === 'ECONNREFUSED'
}

function unreachable(origin: string, error: unknown, waited?: number): TmError {
  const cause = (error as { cause?: NodeJS.ErrnoException }).cause ?? error
  const why = waited === undefined ? describe(cause) : `no answer in ${waited / 1000} s`
  return new TmError('unreachable', `${origin} can't be reached: ${why}`, {
    cause,
    suggestions: ['See which nodes are up: tm health', 'Start what is missing: tm up'],
  })
}

const wrongCertificate = [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]

function describe(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException
  if (wrongCertificate.includes(String(code))) {
    return `it shows another certificate than this node has (${code}); nothing was sent to it`
  }
  if (code === 'ECONNREFUSED') return 'nothing listens there'
  if (code === 'ECONNRESET' || code === 'UND_ERR_SOCKET') return 'the connection broke'
  return message || String(code)
}

/** The error in an answer that is not a success. */
export async function errorIn(response: {
  status: number
  text(): Promise<string>
}): Promise<TmError> {
  const text = await response.text().catch(() => '')
  const { code, message, suggestions } = parse(text)
  if (isErrorCode(code) && message) return new TmError(code, message, { suggestions })
  return new TmError('internal', `The node answered with status ${response.status}`)
}

/** It may come from something in between that is no node: nothing in it is taken for granted. */
function parse(text: string): { code?: unknown; message?: string; suggestions: string[] } {
  try {
    const { code, message, suggestions } = JSON.parse(text).error
    const texts = Array.isArray(suggestions) ? suggestions.map(String) : []
    return typeof message === 'string' ? { code, message, suggestions: texts } : { suggestions: [] }
  } catch {
    return { suggestions: [] }
  }
}
