/** What a proxy answers when it does not connect to a server, told from any other failure. */
import { STATUS_CODES } from 'node:http'

export interface ProxyAnswer {
  /** Such as 403. */
  status: number
  /** `the proxy answered 403 (Forbidden)` */
  text: string
  /** It does not want to, and won't later: 4xx. Otherwise the server may be just not there yet. */
  refuses: boolean
}

/** As Node's agent and as undici tell it, however deep it is among the causes. */
export function proxyAnswer(error: unknown): ProxyAnswer | undefined {
  for (let one = error; one instanceof Error; one = one.cause) {
    const status = statusOf(one)
    if (status === undefined) continue
    const name = STATUS_CODES[status]
    const text = `the proxy answered ${status}${name ? ` (${name})` : ''}`
    return { status, text, refuses: status >= 400 && status < 500 }
  }
  return undefined
}

function statusOf(error: Error & { code?: unknown; statusCode?: unknown }): number | undefined {
  if (error.code === 'ERR_PROXY_TUNNEL') return Number(error.statusCode) || undefined
  const [, status] = /^Proxy response \((\d{3})\)/.exec(error.message) ?? []
  return status === undefined ? undefined : Number(status)
}
