/** Waits until a machine has become a node, and reports its progress. */

import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, connect } from '../../../../api/client.ts'
import { messageOf, TmError } from '../../../../core/errors.ts'
import type { Settings } from '../../../../core/settings.ts'
import { suggest, tm } from '../../../../core/suggestions.ts'
import { proxyAnswer } from '../../../../runtime/proxy-refusal.ts'
import { consoleLines } from '../../machines/console.ts'
import type { LaunchedNode } from '../../machines/instances.ts'
import { isLeaving, listInstances } from '../../machines/instances.ts'
import { type AdoptOptions, advance, meet } from './adopt-node.ts'
import { unownedNode } from './unowned-node.ts'

export interface BootOptions extends AdoptOptions {
  token: string
  settings: Partial<Settings>
  /** The certificate that an earlier `up` has proved. */
  known: string | undefined
  /** Called with the certificate as soon as it is proved. */
  onCertificate: (certificate: string) => void
  note: (text: string) => void
}

export interface BootedNode {
  id: string
  instance: string
  url: string
  /** Where siblings and workers reach it. */
  address: string
  certificate: string
  client: Client
}

/** Amazon Linux boots in half a minute and installs Node in another; mirrors may be slow. */
const bootTimeoutMs = 10 * 60_000
const pollEveryMs = 500
/** How often EC2 is asked about a machine that does not answer. */
const lookEveryMs = 15_000
const privateHint = 'its address is private: are you in its VPC or VPN?'

export async function bootNode(options: BootOptions, node: LaunchedNode): Promise<BootedNode> {
  const { id, instance, address, privateAddress } = node
  const { port, token, aws } = options
  const { signal } = aws
  const url = `https://${address}:${port}`
  const deadline = aws.now() + bootTimeoutMs
  let certificate = options.known
  let nextLook = aws.now() + lookEveryMs
  // A machine that does not answer at first is just booting.
  const noteFrom = aws.now() + 2 * lookEveryMs
  let why = ''
  let said = ''
  for (;;) {
    try {
      if (certificate === undefined) {
        certificate = await meet(options, node)
        options.onCertificate(certificate)
      }
      const phase = await advance(options, unownedNode({ url, certificate, signal }), certificate)
      options.note(phase === 'boot' ? 'has its program' : 'has its owner')
      if (phase === 'owned') {
        const client = connect({ url, token, certificate })
        // At once: it may have work, and launch workers, before its siblings are up.
        await client.changeSettings({ json: options.settings, timeoutMs: 10_000, signal })
        await client.configure({ json: options.adoption.terms, timeoutMs: 10_000, signal })
        return {
          id,
          instance,
          url,
          address: `https://${privateAddress}:${port}`,
          certificate,
          client,
        }
      }
    } catch (error) {
      refuseProxy(error, node, port)
      if (!isPassing(error)) throw error
      why = messageOf(error)
      const notes = [said, why, ...(address === privateAddress ? [privateHint] : [])]
      if (aws.now() > noteFrom) options.note(notes.filter((text) => text !== '').join('; '))
    }
    if (aws.now() > nextLook) {
      nextLook = aws.now() + lookEveryMs
      said = await lookAt(options, node)
    }
    if (aws.now() > deadline) throw await notBooted(options, node, why)
    await sleep(pollEveryMs, undefined, { signal })
  }
}

function isPassing(error: unknown): boolean {
  const passing = ['unreachable', 'unavailable', 'not_found']
  return error instanceof TmError && passing.includes(error.code)
}

/** A machine that boots does not answer yet; a proxy that does not want to won't do it later, either. */
function refuseProxy(error: unknown, { id, instance, address }: LaunchedNode, port: number): void {
  const answer = proxyAnswer(error)
  if (!answer?.refuses) return
  const message = `${id} (${instance}) can't be reached at ${address}:${port}: ${answer.text}`
  throw new TmError('failed', message, {
    cause: error,
    suggestions: [
      suggest`Have the proxy allow CONNECT to port ${port}, or go around it: NO_PROXY=${address}. Then: ${tm('up')}`,
      ...(port === 443
        ? []
        : [
            suggest`Or use a port that it allows: ${tm('down')}, then ${tm('up', { port: '443' })}`,
          ]),
    ],
  })
}

/** The last progress message on the machine's console. Throws if the machine is gone. */
async function lookAt({ aws, cluster }: BootOptions, node: LaunchedNode): Promise<string> {
  const listed = await listInstances(aws, { cluster })
  const seen = listed.find(({ instance }) => instance === node.instance)
  const lines = await consoleLines(aws, node.instance)
  if (seen && isLeaving(seen)) {
    const why = seen.reason ?? 'EC2 does not say why'
    const message = `${node.id} (${node.instance}) has ended: ${why}${shown(lines)}`
    throw new TmError('failed', message, {
      suggestions: [suggest`Launch another: ${tm('up')}`],
    })
  }
  const last = lines.findLast((line) => line.startsWith('tm: '))
  return last?.slice('tm: '.length) ?? ''
}

async function notBooted(
  { aws, port }: BootOptions,
  { id, instance, address, privateAddress }: LaunchedNode,
  why: string,
): Promise<TmError> {
  const lines = await consoleLines(aws, instance).catch(() => [])
  const minutes = bootTimeoutMs / 60_000
  const message = `${id} (${instance}) did not start within ${minutes} minutes: ${why}${shown(lines)}`
  const silent = `If nothing at ${address}:${port} answers at all,`
  const moved = suggest`${silent} your address may have changed: ${tm('allow-ip')}`
  const byVpn = suggest`${silent} you can't reach its private address from here, or it is not open to your address there: use a VPN or a machine of the VPC, ${tm('allow-ip', { cidr: '10.0.0.0/16' })}`
  return new TmError('failed', message, {
    suggestions: [address === privateAddress ? byVpn : moved, suggest`Wait longer: ${tm('up')}`],
  })
}

function shown(lines: string[]): string {
  if (lines.length === 0) return ''
  return `\nThe last lines of its console:\n  ${lines.slice(-10).join('\n  ')}`
}
