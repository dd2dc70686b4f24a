/**
 * What a proof of identity is bound to. The header that carries it is signed with the rest of the
 * request, so a proof is worth nothing for another cluster, another question, or another TLS key.
 */
import { createHash, X509Certificate } from 'node:crypto'

/** In the SignedHeaders of every proof. */
export const bindingHeader = 'x-tm-binding'

export interface Binding {
  /** Who proves itself: the proof of one must not be taken for the other's. */
  prover: 'node' | 'operator'
  cluster: string
  /** Made by who asks, for one question. */
  nonce: string
  /** PEM: of the node's end of the connection. */
  certificate: string
}

export function bindingOf({ prover, cluster, nonce, certificate }: Binding): string {
  const key = createHash('sha256').update(new X509Certificate(certificate).raw).digest('hex')
  const text = JSON.stringify(['tm', 1, prover, cluster, nonce, key])
  return createHash('sha256').update(text).digest('hex')
}
