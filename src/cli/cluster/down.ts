/** The part of `tm down` that all providers share: confirm the loss, drain, remove. */

import { TmError } from '../../core/errors.ts'
import type { Reporter } from '../../core/progress.ts'
import { suggest, tm } from '../../core/suggestions.ts'
import type { ClusterRemover, RemovalResult } from '../../provider/cluster.ts'
import { askAll } from '../../state/cluster-nodes.ts'
import { confirmLoss, pullAll } from './confirm-removal.ts'

export interface DownOptions {
  cluster: string
  keepData: boolean
  /** Asks whether these results and tasks may be lost; `false` stops the command. */
  confirm: (loss: string) => Promise<boolean>
  reporter: Reporter
  /** Called before anything is done about it: whether something of the cluster exists. */
  onFound: (exists: boolean) => void
}

export async function downCluster(
  remover: ClusterRemover,
  { cluster, keepData, confirm, reporter, onFound }: DownOptions,
): Promise<RemovalResult> {
  const found = await remover.find()
  onFound(found !== undefined)
  if (!found) return { cluster, removed: [], remaining: [] }
  if (keepData && !found.keepsData) throw noData()
  if (!keepData) await confirmLoss(found, confirm)
  if (found.running) {
    await reporter.step('drain', () =>
      askAll(found.nodes, ({ client }) => client.drain({ timeoutMs: 3000 })),
    )
  }
  return await remover.remove({ keepData })
}

function noData(): TmError {
  const message = '--keep-data is for clusters on this machine: on EC2 the data is on the machines'
  return new TmError('invalid', message, {
    suggestions: [pullAll(), suggest`Then: ${tm('down')}`],
  })
}
