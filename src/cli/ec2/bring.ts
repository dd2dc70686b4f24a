/** The last steps of `tm up` on AWS: machines become nodes, and the nodes a cluster. */

import type { Settings } from '../../core/settings.ts'
import type { Claim } from '../../instance/claim.ts'
import { type BackupFile, restoreNodes } from '../backup/restore.ts'
import { describeChange, introduce } from '../introduce.ts'
import { adminToken } from '../nodes.ts'
import type { NodeRecord, Saved } from '../saved.ts'
import { type BootedNode, bootNode } from './boot.ts'
import type { Choices } from './choices.ts'
import type { Infrastructure, Site } from './infrastructure.ts'
import type { LaunchedNode } from './nodes.ts'
import type { Program } from './program.ts'
import { recordCertificate } from './record.ts'

export interface BringContext extends Site {
  /** Has the secret, and the certificates as an earlier `up` has proved them. */
  saved: Saved
  port: number
  program: Program
  choices: Choices
  /** Wall-clock milliseconds; with `--ttl` only. */
  endsAt: number | undefined
  /** To be in force on every node. */
  settings: Partial<Settings>
  /** For nodes that have nothing yet. */
  restore: BackupFile[]
}

export interface Brought {
  /** In the order of the nodes that were given. */
  nodes: (NodeRecord & { instance: string })[]
  maxWorkers: number
}

export type Bring = (
  nodes: LaunchedNode[],
  infrastructure: Infrastructure,
  context: BringContext,
) => Promise<Brought>

export const bringUp: Bring = async (launched, infrastructure, context) => {
  const { reporter, settings, endsAt } = context
  const nodes = await reporter.step('servers ready', (note) =>
    bootAll(launched, infrastructure, context, note),
  )
  await reporter.step('health', async (note) => {
    const states = await Promise.all(nodes.map(({ client }) => client.state({ timeout: 10_000 })))
    note(states.map(({ id, healthy }) => `${id} ${healthy ? 'healthy' : 'not healthy'}`).join(', '))
  })
  await restoreNodes(nodes, context.restore, reporter)
  const maxWorkers = await reporter.step('limits and siblings', async (note) => {
    const inForce = await introduce(nodes, settings)
    const end = endsAt ? `, all of it ends at ${new Date(endsAt).toISOString()}` : ''
    note(describeChange(settings, inForce.maxWorkers) + end)
    return inForce.maxWorkers
  })
  return {
    nodes: nodes.map(({ id, url, instance, certificate }) => ({ id, url, instance, certificate })),
    maxWorkers,
  }
}

async function bootAll(
  launched: LaunchedNode[],
  { identity, role, shapes }: Infrastructure,
  { aws, pace, cluster, saved, port, program, settings, endsAt }: BringContext,
  note: (text: string) => void,
): Promise<BootedNode[]> {
  const doing = new Map(launched.map(({ id }) => [id, 'boots']))
  const say = (id: string, what: string) => {
    doing.set(id, what)
    note([...doing].map(([one, text]) => `${one}: ${text}`).join('; '))
  }
  const claim: Claim = {
    secret: Buffer.from(saved.secret()).toString('hex'),
    terms: { workers: shapes.worker, ...(endsAt ? { endsAt } : {}) },
    workerLoader: program.workerLoader,
  }
  const token = adminToken(saved)
  const common = { aws, pace, cluster, identity, role, port, program, claim, token, settings }
  const booted = await Promise.all(
    launched.map((node) =>
      bootNode(
        {
          ...common,
          known: saved.read()?.nodes.find(({ id }) => id === node.id)?.certificate,
          onCertificate: (certificate) => recordCertificate(saved, node.id, certificate),
          note: (what) => say(node.id, what),
        },
        node,
      ),
    ),
  )
  note(booted.map(({ id, url }) => `${id} at ${url}`).join(', '))
  return booted
}
