/** The clusters that run on this machine, or whose data is kept here. */
import { onOtherHost, otherHostOf } from '../../../state/cluster-host.ts'
import { locationOf } from '../../../state/cluster-location.ts'
import type { ClusterState } from '../../../state/cluster-state.ts'
import type { ListedCluster, Listing } from '../../cluster.ts'
import { type Launcher, providerOf } from './machines.ts'

export async function listLocal(states: ClusterState[], launcher: Launcher): Promise<Listing> {
  const here = states.filter((state) => locationOf(state) === 'local')
  const clusters = await Promise.all(here.map((state) => describe(state, launcher)))
  const notes = here.flatMap((state) => {
    const host = otherHostOf(state)
    return host ? [{ text: `${onOtherHost(state, host).message}.`, failed: true }] : []
  })
  return { clusters, notes }
}

async function describe(state: ClusterState, launcher: Launcher): Promise<ListedCluster> {
  const other = otherHostOf(state)
  if (other) {
    const known = { host: other.name, nodes: nodesIn(state), workers: 0, hourly: 0, whole: true }
    return { cluster: state.name, provider: 'local', ...known }
  }
  const machines = await providerOf(state, launcher).list()
  const count = (kind: string) => machines.filter((machine) => machine.kind === kind).length
  const nodes = count('node')
  return {
    cluster: state.name,
    provider: 'local',
    nodes,
    workers: count('worker'),
    ...(nodes > 0 ? { since: Math.min(...machines.map(({ launchedAt }) => launchedAt)) } : {}),
    hourly: 0,
    whole: nodes > 0 && nodes === nodesIn(state),
  }
}

function nodesIn(state: ClusterState): number {
  try {
    return state.read()?.nodes.length ?? 0
  } catch {
    return 0
  }
}
