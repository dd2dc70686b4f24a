/**
 * A container that was started anew has another process namespace than its last life. What the last one
 * ran is gone; that no node of it still holds its database shows that it was the last one.
 */
import { readdirSync } from 'node:fs'
import { whereabouts } from '../../core/host.ts'
import { thisHost } from '../../runtime/this-host.ts'
import { otherHostOf } from '../../state/cluster-host.ts'
import { recordIn } from '../../state/cluster-location.ts'
import type { ClusterState } from '../../state/cluster-state.ts'

/** Forgets where the cluster ran if that is over. Locks tell nothing about another computer. */
export async function forgetEndedHost(state: ClusterState): Promise<void> {
  const host = otherHostOf(state)
  const record = recordIn(state)
  if (record?.provider !== 'local' || whereabouts(host, thisHost()) !== 'namespace') return
  // Loaded here: no command but in this rare case opens a database.
  const { isInUse } = await import('../../node/store/open.ts')
  for (const id of readdirSync(state.path('nodes'))) {
    if (await isInUse(`sqlite:${state.nodeFolder(id)}`)) return
  }
  const { host: _, ...rest } = record
  state.write(rest)
}
