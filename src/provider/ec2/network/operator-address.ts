/** The operator's public address as AWS sees it: by default the only one that may reach the nodes. */

import { isIP } from 'node:net'
import { messageOf, TmError } from '../../../core/errors.ts'
import type { Suggestion } from '../../../core/suggestions.ts'
import { proxyDispatcher } from '../../../runtime/proxy.ts'
import { normalizeCidr } from './group-rules.ts'

/** Run by AWS; returns the caller's address as plain text. */
const service = 'https://checkip.amazonaws.com'
const timeoutMs = 5000

export async function operatorAddress({
  instead,
  fetch,
  signal,
}: {
  /** How the user can name the addresses instead. */
  instead: Suggestion
  fetch: typeof globalThis.fetch
  signal?: AbortSignal | undefined
}): Promise<string> {
  const limit = AbortSignal.timeout(timeoutMs)
  try {
    const dispatcher = await proxyDispatcher()
    const answer = await fetch(service, {
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
      redirect: 'error',
      ...(dispatcher ? { dispatcher } : {}),
    } as RequestInit)
    const text = (await answer.text()).trim()
    if (answer.ok && isIP(text) !== 0) return normalizeCidr(text)
    throw new Error(`it answered ${answer.status} ${JSON.stringify(text.slice(0, 60))}`)
  } catch (error) {
    signal?.throwIfAborted()
    throw unknownAddress(
      instead,
      limit.aborted ? new Error(`no answer in ${timeoutMs / 1000} s`) : error,
    )
  }
}

function unknownAddress(instead: Suggestion, error: unknown): TmError {
  const why = messageOf((error as { cause?: unknown }).cause ?? error)
  return new TmError('failed', `Your public address can't be determined: ${service}: ${why}`, {
    cause: error,
    suggestions: [instead],
  })
}
