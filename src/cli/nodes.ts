/** The nodes of a saved cluster, and asking all of them at once. */
import { type Client, connect } from '../client/client.ts'
import { messageOf } from '../core/errors.ts'
import { signToken } from '../core/tokens.ts'
import { noCluster, type Saved } from './saved.ts'

export interface NodeLink {
  id: string
  url: string
  client: Client
  /** On EC2: i-… */
  instance?: string
}

export function adminToken(saved: Saved): string {
  return signToken(saved.secret(), { role: 'admin', subject: saved.name })
}

/** Throws `not_found` when there is no such cluster. */
export function nodesOf(saved: Saved): NodeLink[] {
  const record = saved.read()
  if (!record || record.nodes.length === 0) throw noCluster(saved.name)
  const token = adminToken(saved)
  return record.nodes.map(({ id, url, instance, certificate }) => ({
    id,
    url,
    client: connect({ url, token, ...(certificate ? { certificate } : {}) }),
    ...(instance ? { instance } : {}),
  }))
}

export type Asked<T> = { node: NodeLink } & ({ ok: true; value: T } | { ok: false; why: string })

/** Every node's answer, or why there is none. */
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

/** What the nodes that answered said; `onMissing` hears of the others. */
export function answered<T>(asked: Asked<T>[], onMissing: (text: string) => void): T[] {
  return asked.flatMap((one) => {
    if (one.ok) return [one.value]
    onMissing(`Warning: ${one.node.id} is left out: ${one.why}`)
    return []
  })
}
