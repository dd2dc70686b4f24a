/** The nodes of a remembered cluster, and how to ask all of them at once. */
import { type Client, connect } from '../api/client.ts'
import { messageOf } from '../core/errors.ts'
import { signToken } from '../core/tokens.ts'
import { refuseOtherHost } from './cluster-host.ts'
import type { ClusterState } from './cluster-state.ts'

export interface NodeLink {
  id: string
  url: string
  client: Client
  /** On EC2: i-… */
  instance?: string
  /** On EC2: reached from its VPC or by VPN only. */
  isPrivate?: true
}

export function adminToken(state: ClusterState): string {
  return signToken(state.secret(), { role: 'admin', subject: state.name })
}

/** Throws `not_found` if there is no such cluster, `conflict` if its addresses are another host's. */
export function nodesOf(state: ClusterState): NodeLink[] {
  const record = state.read()
  if (!record || record.nodes.length === 0) throw state.notFound()
  refuseOtherHost(state)
  const token = adminToken(state)
  const isPrivate = record.provider === 'ec2' && record.privateAddresses
  return record.nodes.map(({ id, url, instance, certificate }) => ({
    id,
    url,
    client: connect({ url, token, ...(certificate ? { certificate } : {}) }),
    ...(instance ? { instance } : {}),
    ...(isPrivate ? { isPrivate } : {}),
  }))
}

export type Asked<T> = { node: NodeLink } & ({ ok: true; value: T } | { ok: false; why: string })

/** The answer of every node, or why it gave none. */
export async function askAll<T>(
  nodes: NodeLink[],
  ask: (node: NodeLink) => Promise<T>,
): Promise<Asked<T>[]> {
  return await Promise.all(
    nodes.map(async (node): Promise<Asked<T>> => {
      try {
        return { node, ok: true, value: await ask(node) }
      } catch (error) {
        return { node, ok: false, why: messageOf(error) }
      }
    }),
  )
}

/** The answers of the nodes that answered. Calls `onMissing` for every other node. */
export function answered<T>(asked: Asked<T>[], onMissing: (text: string) => void): T[] {
  return asked.flatMap((one) => {
    if (one.ok) return [one.value]
    onMissing(`Warning: ${one.node.id} is left out: ${one.why}`)
    return []
  })
}
