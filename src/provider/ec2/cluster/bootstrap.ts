/** The last step of `tm up` in AWS: running machines become nodes that respond. */
import type { Terms } from '../../../api/contract/terms.ts'
import type { Settings } from '../../../core/settings.ts'
import type { Setup } from '../../../core/setup.ts'
import { adminToken } from '../../../state/cluster-nodes.ts'
import type { ClusterState } from '../../../state/cluster-state.ts'
import type { ReadyNode } from '../../cluster.ts'
import type { Adoption } from '../adopt/machine/await-adoption.ts'
import { type BootedNode, bootNode } from '../adopt/operator/boot-node.ts'
import type { Program } from '../boot/program.ts'
import type { LaunchedNode } from '../machines/instances.ts'
import type { ClusterContext, Infrastructure } from './infrastructure.ts'
import { recordCertificate } from './record.ts'

export interface BootContext extends ClusterContext {
  /** Has the secret, and the certificates that an earlier `up` has proved. */
  state: ClusterState
  port: number
  program: Program
  /** Wall-clock milliseconds; with `--ttl` only. */
  endsAt: number | undefined
  settings: Partial<Settings>
  /** What workers do once, before their first task. */
  setup: Setup | undefined
}

/** Returns the nodes in the order of the machines. */
export type BootNodes = (
  machines: LaunchedNode[],
  infrastructure: Infrastructure,
  context: BootContext,
) => Promise<ReadyNode[]>

export const bootNodes: BootNodes = async (machines, infrastructure, context) => {
  const { reporter, aws } = context
  const nodes = await reporter.step('servers ready', (note) =>
    bootAll(machines, infrastructure, context, note),
  )
  await reporter.step('health', async (note) => {
    const states = await Promise.all(
      nodes.map(({ client }) => client.getState({ timeoutMs: 10_000, signal: aws.signal })),
    )
    note(states.map(({ id, healthy }) => `${id} ${healthy ? 'healthy' : 'not healthy'}`).join(', '))
  })
  return nodes
}

async function bootAll(
  machines: LaunchedNode[],
  { identity, role, shapes }: Infrastructure,
  { aws, cluster, state, port, program, settings, setup, endsAt }: BootContext,
  note: (text: string) => void,
): Promise<BootedNode[]> {
  const progress = new Map(machines.map(({ id }) => [id, 'boots']))
  const say = (id: string, what: string) => {
    progress.set(id, what)
    note([...progress].map(([one, text]) => `${one}: ${text}`).join('; '))
  }
  const adoption: Adoption = {
    secret: Buffer.from(state.secret()).toString('hex'),
    terms: { workers: shapes.worker, ...(setup ? { setup } : {}), ...endOf(endsAt) },
    workerLoader: program.workerLoader,
  }
  const token = adminToken(state)
  const common = { aws, cluster, identity, role, port, program, adoption, token, settings }
  const booted = await Promise.all(
    machines.map((machine) =>
      bootNode(
        {
          ...common,
          known: state.read()?.nodes.find(({ id }) => id === machine.id)?.certificate,
          onCertificate: (certificate) => recordCertificate(state, machine.id, certificate),
          note: (what) => say(machine.id, what),
        },
        machine,
      ),
    ),
  )
  note(booted.map(({ id, url }) => `${id} at ${url}`).join(', '))
  return booted
}

function endOf(endsAt: number | undefined): Pick<Terms, 'endsAt' | 'endsInMs'> {
  return endsAt === undefined ? {} : { endsAt, endsInMs: Math.max(0, endsAt - Date.now()) }
}
