/** Finds the log of a machine: on this machine, at its node, or on the console that EC2 keeps. */
import { readdirSync } from 'node:fs'
import { didYouMean } from '../../core/did-you-mean.ts'
import { messageOf, TmError } from '../../core/errors.ts'
import type { Suggestion } from '../../core/suggestions.ts'
import { suggest, tm } from '../../core/suggestions.ts'
import { type Launcher, providerOf } from '../../provider/local/cluster/machines.ts'
import { refuseOtherHost } from '../../state/cluster-host.ts'
import { type NodeLink, nodesOf } from '../../state/cluster-nodes.ts'
import type { ClusterState } from '../../state/cluster-state.ts'
import { type LogSource, localLog, remoteLog } from './log-source.ts'

/** The log of a machine of a local cluster. Throws `not_found` with the logs that there are. */
export function openLocalLog(state: ClusterState, id: string, launcher: Launcher): LogSource {
  // Whether a machine of another host still runs can't be seen from here.
  refuseOtherHost(state)
  const provider = providerOf(state, launcher)
  const isRunning = async () => (await provider.list()).some((machine) => machine.id === id)
  const known = ['nodes', 'workers'].flatMap((kind) => foldersIn(state.path(kind)))
  const source = known.includes(id) ? localLog(state, id, isRunning) : undefined
  if (source) return source
  throw noLog(id, known)
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort()
  } catch {
    return []
  }
}

export interface RemoteLog {
  source: LogSource | undefined
  /** Nodes that did not answer. */
  unreachable: string[]
  /** Nodes and workers that the nodes know. */
  known: string[]
}

/** A node has its own log. A worker's is at the node that has launched it, whose name its own begins with. */
export async function openRemoteLog(
  state: ClusterState,
  id: string,
  options: { evenIfEmpty: boolean },
): Promise<RemoteLog> {
  const nodes = nodesOf(state)
  const own = nodes.filter((node) => id === node.id || id.startsWith(`${node.id}-`))
  const unreachable: string[] = []
  for (const node of own.length > 0 ? own : nodes) {
    try {
      const source = await remoteLog(node, id, options)
      if (source) return { source, unreachable, known: [] }
    } catch (error) {
      unreachable.push(`${node.id}: ${messageOf(error)}`)
    }
  }
  return { source: undefined, unreachable, known: await machinesOf(nodes) }
}

async function machinesOf(nodes: NodeLink[]): Promise<string[]> {
  const states = await Promise.allSettled(
    nodes.map(({ client }) => client.getState({ timeoutMs: 3000 })),
  )
  const workers = states.flatMap((one) => (one.status === 'fulfilled' ? one.value.workers : []))
  return [...nodes, ...workers].map(({ id }) => id)
}

/** At most this many names in an error. */
const maxNames = 10

export function noLog(id: string, known: string[], more: Suggestion[] = []): TmError {
  const meant = didYouMean(id, known)
  const names = known.slice(0, maxNames).join(', ')
  const others = known.length > maxNames ? `, and ${known.length - maxNames} more` : ''
  return new TmError('not_found', `There is no log of "${id.slice(0, 100)}"`, {
    suggestions: [
      ...more,
      ...(meant ? [suggest`Did you mean ${tm('logs', {}, meant)}?`] : []),
      known.length > 0
        ? `Nodes and workers with a log: ${names}${others}`
        : suggest`See nodes and workers: ${tm('health')}`,
    ],
  })
}
