/**
 * The proxies that the environment names (HTTPS_PROXY, HTTP_PROXY, NO_PROXY; lower case wins), for
 * every client that reaches the internet. What is on this machine is never reached through a proxy.
 */
import type { SecureVersion } from 'node:tls'
import type { Dispatcher } from 'undici'

export type Proxies = { HTTP_PROXY?: string; HTTPS_PROXY?: string; NO_PROXY: string }

type Environment = Record<string, string | undefined>

/** As undici and as Node write IPv6; the last one is the metadata service of an instance. */
const direct = ['localhost', '127.0.0.1', '::1', '[::1]', '169.254.169.254']

export function proxiesOf(env: Environment): Proxies {
  const read = (name: string) => env[name.toLowerCase()] || env[name]
  const [http, https] = [read('HTTP_PROXY'), read('HTTPS_PROXY')]
  return {
    ...(http ? { HTTP_PROXY: http } : {}),
    ...(https ? { HTTPS_PROXY: https } : {}),
    NO_PROXY: [read('NO_PROXY'), ...direct].filter(Boolean).join(','),
  }
}

let current = proxiesOf({})

/** What all clients of this process use from now on. Instances of EC2 use none. */
export function useProxiesOf(env: Environment): Proxies {
  current = proxiesOf(env)
  return current
}

export function currentProxies(): Proxies {
  return current
}

/** TLS of the connection to the server behind the proxy. */
export interface ServerTls {
  ca: string
  servername: string
  minVersion: SecureVersion
}

/** For fetch to an https address; undefined if there is no proxy. */
export async function proxyDispatcher(tls?: ServerTls): Promise<Dispatcher | undefined> {
  const { HTTPS_PROXY: httpsProxy, HTTP_PROXY: httpProxy, NO_PROXY: noProxy } = current
  if (httpsProxy === undefined) return undefined
  // Loaded only where there is a proxy.
  const { EnvHttpProxyAgent } = await import('undici')
  return new EnvHttpProxyAgent({
    httpsProxy,
    ...(httpProxy ? { httpProxy } : {}),
    noProxy,
    ...(tls ? { connect: tls, requestTls: tls } : {}),
    // Whoever sends has limits of its own.
    headersTimeout: 0,
    bodyTimeout: 0,
  })
}
