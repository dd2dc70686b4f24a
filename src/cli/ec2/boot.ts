/** Waits for the machine of a node until it is one, and says what it does meanwhile. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, connect } from '../../client/client.ts'
import { messageOf, TmError } from '../../core/errors.ts'
import type { Settings } from '../../core/settings.ts'
import { consoleLines } from '../../provider/ec2/console.ts'
import { isLeaving, listInstances } from '../../provider/ec2/instances.ts'
import { advance, type ClaimOptions, meet } from './claim.ts'
import type { LaunchedNode } from './nodes.ts'
import { unclaimedNode } from './unclaimed.ts'

export interface BootOptions extends ClaimOptions {
  token: string
  settings: Partial<Settings>
  /** As proved at an earlier `up`. */
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
const bootTimeout = 10 * 60_000
const pollEvery = 500
/** EC2 is asked this often what became of the machine while it does not answer. */
const lookEvery = 15_000

export async function bootNode(options: BootOptions, node: LaunchedNode): Promise<BootedNode> {
  const { id, instance, publicAddress, privateAddress } = node
  const { port, token, pace } = options
  const url = `https://${publicAddress}:${port}`
  const deadline = pace.now() + bootTimeout
  let certificate = options.known
  let nextLook = pace.now() + lookEvery
  // What does not answer in its first moments just boots.
  const noteFrom = pace.now() + 2 * lookEvery
  let why = ''
  let said = ''
  for (;;) {
    try {
      if (certificate === undefined) {
        certificate = await meet(options, node)
        options.onCertificate(certificate)
      }
      const phase = await advance(options, unclaimedNode({ url, certificate }), certificate)
      options.note(phase === 'boot' ? 'has its program' : 'has its owner')
      if (phase === 'owned') {
        const client = connect({ url, token, certificate })
        // At once: it may have work, and launch workers, before its siblings are there.
        await client.changeSettings(options.settings, { timeout: 10_000 })
        await client.provision({ ...options.claim.terms }, { timeout: 10_000 })
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
      if (!isPassing(error)) throw error
      why = messageOf(error)
      if (pace.now() > noteFrom) options.note([said, why].filter((text) => text !== '').join('; '))
    }
    if (pace.now() > nextLook) {
      nextLook = pace.now() + lookEvery
      said = await lookAt(options, node)
    }
    if (pace.now() > deadline) throw await notBooted(options, node, why)
    await sleep(pollEvery)
  }
}

function isPassing(error: unknown): boolean {
  const passing = ['unreachable', 'unavailable', 'not_found']
  return error instanceof TmError && passing.includes(error.code)
}

/** What the machine says of itself on the console; an error when it is gone. */
async function lookAt({ aws, cluster, pace }: BootOptions, node: LaunchedNode): Promise<string> {
  const listed = await listInstances(aws, { cluster }, pace)
  const seen = listed.find(({ instance }) => instance === node.instance)
  const lines = await consoleLines(aws, node.instance, pace)
  if (seen && isLeaving(seen)) {
    const why = seen.reason ?? 'EC2 does not say why'
    const message = `${node.id} (${node.instance}) has ended: ${why}${shown(lines)}`
    throw new TmError('failed', message, { suggestions: ['Launch another one: tm up'] })
  }
  const last = lines.findLast((line) => line.startsWith('tm: '))
  return last?.slice('tm: '.length) ?? ''
}

async function notBooted(
  { aws, pace, port }: BootOptions,
  { id, instance, publicAddress }: LaunchedNode,
  why: string,
): Promise<TmError> {
  const lines = await consoleLines(aws, instance, pace).catch(() => [])
  const minutes = bootTimeout / 60_000
  const message = `${id} (${instance}) is not there after ${minutes} minutes: ${why}${shown(lines)}`
  return new TmError('failed', message, {
    suggestions: [
      `If nothing at ${publicAddress}:${port} answers at all, your address may have changed: tm allow-ip`,
      'Wait for it longer: tm up',
      'Or remove what there is: tm down',
    ],
  })
}

function shown(lines: string[]): string {
  if (lines.length === 0) return ''
  return `\nThe last lines of its console:\n  ${lines.slice(-10).join('\n  ')}`
}
