/** The last steps of `tm up` on AWS: machines become nodes, and the nodes a cluster. */

import type { Settings } from '../../core/settings.ts'
import type { Claim } from '../../instance/claim.ts'
import { describeChange, introduce } from '../introduce.ts'
import type { NodeLink } from '../nodes.ts'
import { type BootedNode, bootNode } from './boot.ts'
import type { Infrastructure, Site } from './infrastructure.ts'
import type { LaunchedNode } from './nodes.ts'
import type { Program } from './program.ts'

export interface BringOptions extends Site {
  nodes: LaunchedNode[]
  infrastructure: Infrastructure
  port: number
  program: Program
  /** The cluster's secret, which only the nodes that have proved themselves get. */
  secret: Uint8Array
  /** The admin token under that secret. */
  token: string
  settings: Partial<Settings>
  /** The certificate of a node as an earlier `up` has proved it. */
  certificateOf: (id: string) => string | undefined
  /** Called as soon as it is proved; kept before anything else is done with it. */
  onCertificate: (id: string, certificate: string) => void
}

export interface Brought {
  nodes: { id: string; url: string; instance: string; certificate: string }[]
  maxWorkers: number
}

export async function bringUp(options: BringOptions): Promise<Brought> {
  const { reporter, settings } = options
  const nodes = await reporter.step('servers ready', (note) => bootAll(options, note))
  await reporter.step('health', async (note) => {
    const states = await Promise.all(nodes.map(({ client }) => client.state({ timeout: 10_000 })))
    note(states.map(({ id, healthy }) => `${id} ${healthy ? 'healthy' : 'not healthy'}`).join(', '))
  })
  const maxWorkers = await reporter.step('limits and siblings', async (note) => {
    const inForce = await introduce(nodes, settings)
    note(describeChange(settings, inForce.maxWorkers))
    return inForce.maxWorkers
  })
  return {
    nodes: nodes.map(({ id, url, instance, certificate }) => ({ id, url, instance, certificate })),
    maxWorkers,
  }
}

async function bootAll(
  options: BringOptions,
  note: (text: string) => void,
): Promise<(BootedNode & NodeLink)[]> {
  const { aws, pace, cluster, infrastructure, port, program, token, onCertificate } = options
  const doing = new Map<string, string>(options.nodes.map(({ id }) => [id, 'boots']))
  const say = (id: string, what: string) => {
    doing.set(id, what)
    note([...doing].map(([one, text]) => `${one} ${text}`).join(', '))
  }
  const claim: Claim = {
    secret: Buffer.from(options.secret).toString('hex'),
    workers: infrastructure.shapes.worker,
    workerLoader: program.workerLoader,
  }
  const { identity, profile: role } = infrastructure
  const common = { aws, pace, cluster, identity, role, port, program, claim, token }
  const booted = await Promise.all(
    options.nodes.map((node) =>
      bootNode(
        {
          ...common,
          known: options.certificateOf(node.id),
          onCertificate: (certificate) => onCertificate(node.id, certificate),
          note: (what) => say(node.id, what),
        },
        node,
      ),
    ),
  )
  note(booted.map(({ id, url }) => `${id} at ${url}`).join(', '))
  return booted
}
