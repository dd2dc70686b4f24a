/** `tm cancel` and `tm retry`: of tasks by their ids, or of a whole job. */
import type { Reporter } from '../../core/progress.ts'
import { nodesOf } from '../../state/cluster-nodes.ts'
import type { ClusterState } from '../../state/cluster-state.ts'
import type { Change } from '../tasks/change.ts'
import { type ChangeResult, changeAndShow } from '../tasks/change-and-show.ts'
import { readIds } from '../tasks/ids.ts'
import { type ChangedJob, changeJob } from './change.ts'
import { jobId, jobName } from './jobs.ts'

export type Changed = ChangeResult | ChangedJob

export async function changeNamed({
  words,
  ...options
}: {
  change: Change
  /** Ids, `-` to read them from standard input, or the name of a job. */
  words: string[]
  state: ClusterState
  reporter: Reporter
  print: (text: string) => void
}): Promise<Changed> {
  const name = jobName(words) ?? (await jobId(words, nodesOf(options.state)))
  if (name === undefined) return await changeAndShow({ ...options, ids: await readIds(words) })
  return await changeJob({ ...options, nodes: nodesOf(options.state), name })
}
