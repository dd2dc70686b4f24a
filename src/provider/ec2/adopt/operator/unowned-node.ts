/** A client for the few routes of a node that has no owner yet, and the certificate it shows. */
import type { ClientRequest } from 'node:http'
import { Agent, request } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { certificateName, minVersion } from '../../../../api/certificate.ts'
import { createTransport, errorIn } from '../../../../api/transport.ts'
import { messageOf, TmError } from '../../../../core/errors.ts'
import { currentProxies } from '../../../../runtime/proxy.ts'
import { proxyAnswer } from '../../../../runtime/proxy-refusal.ts'
import { within } from '../../../../runtime/within.ts'
import type { AdoptionRequest } from '../machine/await-adoption.ts'
import { adoptPath, noncePath, type Phase, phasePath, programPath, proofPath } from '../paths.ts'
import type { Proof } from '../proof/request.ts'

/**
 * The certificate that the server shows, as PEM, through a proxy if the environment names one. Sends
 * nothing to the server, not even the request's first line: the certificate is not trusted until the
 * node has proved, over a connection that accepts no other, that it is its own.
 */
export async function shownCertificate(
  host: string,
  port: number,
  signal?: AbortSignal,
): Promise<string> {
  const tls = { servername: certificateName, minVersion, rejectUnauthorized: false } as const
  const agent = new Agent({ proxyEnv: currentProxies(), ...tls })
  const late = () => new TmError('unreachable', `${host}:${port} does not answer`)
  try {
    return await within({ ms: 5000, signal, late }, async (stop) => {
      const sent = request({ host, port, agent, signal: stop, ...tls })
      const certificate = await peerCertificate(sent)
      if (certificate) return certificate
      throw new TmError('unreachable', `${host}:${port} shows no certificate`)
    })
  } catch (cause) {
    signal?.throwIfAborted()
    if (cause instanceof TmError) throw cause
    const why = proxyAnswer(cause)?.text ?? messageOf(cause)
    throw new TmError('unreachable', `${host}:${port}: ${why}`, { cause })
  } finally {
    agent.destroy()
  }
}

/** The other side's, as soon as both have agreed on their keys. The request is never sent. */
async function peerCertificate(sent: ClientRequest): Promise<string | undefined> {
  return await new Promise((resolve, reject) => {
    sent.on('error', reject)
    sent.once('socket', (socket) => {
      const tls = socket as TLSSocket
      const read = () => tls.getPeerX509Certificate()?.toString()
      const certificate = read()
      // Through a proxy the keys are agreed on before this event.
      if (certificate) resolve(certificate)
      else tls.once('secureConnect', () => resolve(read()))
    })
  })
}

export type UnownedNode = ReturnType<typeof unownedNode>

export interface UnownedNodeOptions {
  url: string
  certificate: string
  /** Ends all requests. */
  signal?: AbortSignal | undefined
}

export function unownedNode({ url, certificate, signal }: UnownedNodeOptions) {
  const send = createTransport(certificate)

  async function ask(
    method: string,
    path: string,
    body?: string | Uint8Array<ArrayBuffer>,
    timeoutMs = 10_000,
  ) {
    const answer = await send(
      new URL(path, url),
      { method, ...(body ? { body } : {}) },
      { timeoutMs, signal },
    )
    if (answer.status >= 300) throw errorIn(answer)
    return JSON.parse(new TextDecoder().decode(answer.bytes))
  }

  return {
    /** `owned` if it has an owner already. */
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
    sendProgram: async (packed: Buffer) =>
      void (await ask('PUT', programPath, new Uint8Array(packed), 30_000)),
    nonce: async () => ((await ask('POST', noncePath)) as { nonce: string }).nonce,
    adopt: async (request: AdoptionRequest) =>
      void (await ask('POST', adoptPath, JSON.stringify(request), 60_000)),
  }
}
