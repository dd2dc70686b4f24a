/**
 * Whether the processes of a local cluster are where this process can see them. Its folder may be on
 * a disk that several computers or containers share; its addresses and its process table are not.
 */
import { TmError } from '../core/errors.ts'
import { type Host, whereabouts } from '../core/host.ts'
import { suggest, tm } from '../core/suggestions.ts'
import { thisHost } from '../runtime/this-host.ts'
import { recordIn } from './cluster-location.ts'
import type { ClusterState } from './cluster-state.ts'

/** The host of a local cluster, if its processes can't be seen from here. */
export function otherHostOf(state: ClusterState, here = thisHost()): Host | undefined {
  const record = recordIn(state)
  const host = record?.provider === 'local' ? record.host : undefined
  return whereabouts(host, here) === 'here' ? undefined : host
}

/** Throws `conflict` before anything of another host's cluster is asked, changed or removed. */
export function refuseOtherHost(state: ClusterState, here = thisHost()): void {
  const host = otherHostOf(state, here)
  if (host) throw onOtherHost(state, host, here)
}

export function onOtherHost(state: ClusterState, host: Host, here = thisHost()): TmError {
  const there =
    whereabouts(host, here) === 'namespace'
      ? `in another process namespace (a container?) of this computer, on host ${host.name}`
      : `on host ${host.name}, and this is ${here.name}`
  return new TmError('conflict', `Cluster ${state.name} runs ${there}: it is left alone`, {
    suggestions: [
      'Run the command there',
      `If nothing of it runs there any more, forget where it ran: rm ${state.path('cluster.json')}`,
      suggest`Or use another name: ${tm('up', { local: true, cluster: 'NAME' })}`,
    ],
  })
}
