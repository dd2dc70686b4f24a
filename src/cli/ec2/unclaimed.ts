/** A node that has no owner yet, over its few routes; and who is at the other end at all. */
import { connect as connectTls } from 'node:tls'
import { createTransport, errorIn } from '../../client/transport.ts'
import { certificateName, minVersion } from '../../core/certificate.ts'
import { TmError } from '../../core/errors.ts'
import {
  claimPath,
  noncePath,
  type Phase,
  phasePath,
  programPath,
  proofPath,
} from '../../instance/boot/paths.ts'
import type { ClaimRequest } from '../../instance/claim.ts'
import type { Proof } from '../../provider/ec2/proof/request.ts'

/**
 * The certificate that is shown there, as PEM. Nothing is sent: it is trusted by nobody before its
 * owner has proved, in a connection that accepts no other, that it is the node's.
 */
export async function shownCertificate(host: string, port: number): Promise<string> {
  return await new Promise((resolve, reject) => {
    const socket = connectTls({
      host,
      port,
      servername: certificateName,
      minVersion,
      rejectUnauthorized: false,
      timeout: 5000,
    })
    socket.once('secureConnect', () => {
      const certificate = socket.getPeerX509Certificate()?.toString()
      socket.destroy()
      if (certificate) resolve(certificate)
      else reject(new TmError('unreachable', `${host}:${port} shows no certificate`))
    })
    socket.once('timeout', () => {
      socket.destroy()
      reject(new TmError('unreachable', `${host}:${port} does not answer`))
    })
    socket.once('error', (cause) => {
      reject(new TmError('unreachable', `${host}:${port}: ${cause.message}`, { cause }))
    })
  })
}

export type Unclaimed = ReturnType<typeof unclaimedNode>

export function unclaimedNode({ url, certificate }: { url: string; certificate: string }) {
  async function ask(
    method: string,
    path: string,
    body?: string | Uint8Array<ArrayBuffer>,
    timeout = 10_000,
  ) {
    const send = createTransport({ certificate, timeout })
    const response = await send(new URL(path, url), { method, ...(body ? { body } : {}) })
    if (!response.ok) throw await errorIn(response)
    return await response.json()
  }

  return {
    /** `owned` when it has an owner already. */
    async phase(): Promise<Phase | 'owned'> {
      try {
        return ((await ask('GET', phasePath)) as { phase: Phase }).phase
      } catch (error) {
        if (error instanceof TmError && error.code === 'unauthorized') return 'owned'
        throw error
      }
    },
    prove: async (nonce: string) =>
      (await ask('POST', proofPath, JSON.stringify({ nonce }))) as Proof,
    /** Over a slow line, too. */
    sendProgram: async (packed: Buffer) =>
      void (await ask('PUT', programPath, new Uint8Array(packed), 300_000)),
    nonce: async () => ((await ask('POST', noncePath)) as { nonce: string }).nonce,
    claim: async (request: ClaimRequest) =>
      void (await ask('POST', claimPath, JSON.stringify(request), 60_000)),
  }
}
