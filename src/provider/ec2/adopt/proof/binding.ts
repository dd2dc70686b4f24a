/**
 * What a proof of identity is bound to. Its header is signed with the rest of the request, so a proof
 * is worthless for another cluster, another nonce, or another TLS key.
 */
import { createHash, X509Certificate } from 'node:crypto'

/** In the SignedHeaders of every proof. */
export const bindingHeader = 'x-tm-binding'

export interface Binding {
  /** Who proves its identity: one's proof must not pass for the other's. */
  prover: 'node' | 'operator'
  cluster: string
  /** Chosen by the verifier, for one proof. */
  nonce: string
  /** PEM: of the node's end of the connection. */
  certificate: string
}

export function bindingOf({ prover, cluster, nonce, certificate }: Binding): string {
  const key = createHash('sha256').update(new X509Certificate(certificate).raw).digest('hex')
  const text = JSON.stringify(['tm', 1, prover, cluster, nonce, key])
  return createHash('sha256').update(text).digest('hex')
}
