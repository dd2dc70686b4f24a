/** The address from which AWS sees the operator come: the only one that gets in, unless told otherwise. */
import { isIP } from 'node:net'
import { messageOf, TmError } from '../../core/errors.ts'
import { checkCidr } from '../../provider/ec2/group-rules.ts'

/** A service of AWS that answers with the caller's address, in plain text. */
const service = 'https://checkip.amazonaws.com'
/** Milliseconds. */
const patience = 5000

export async function operatorAddress({
  flag,
  fetch,
  signal,
}: {
  /** What to say in its place, when it can't be known. */
  flag: string
  fetch: typeof globalThis.fetch
  signal?: AbortSignal | undefined
}): Promise<string> {
  const limit = AbortSignal.timeout(patience)
  try {
    const answer = await fetch(service, {
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
      redirect: 'error',
    })
    const text = (await answer.text()).trim()
    if (answer.ok && isIP(text) !== 0) return checkCidr(text)
    throw new Error(`it answered ${answer.status} ${JSON.stringify(text.slice(0, 60))}`)
  } catch (error) {
    signal?.throwIfAborted()
    throw unknown(flag, limit.aborted ? new Error(`no answer in ${patience / 1000} s`) : error)
  }
}

function unknown(flag: string, error: unknown): TmError {
  const why = messageOf((error as { cause?: unknown }).cause ?? error)
  return new TmError('failed', `Your public address is not known: ${service}: ${why}`, {
    cause: error,
    suggestions: [`Say who may reach the nodes: ${flag} 203.0.113.7/32`],
  })
}
