/** Clusters whose nodes and workers are processes of this machine. */
import type { Reporter } from '../../../core/progress.ts'
import type { ClusterState } from '../../../state/cluster-state.ts'
import type { ClusterDriver } from '../../cluster.ts'
import { findLocal, removeLocal } from './down.ts'
import { type Launcher, providerOf } from './machines.ts'
import { createLocal, planLocal } from './up.ts'

export interface LocalDriverOptions {
  state: ClusterState
  launcher: Launcher
  reporter: Reporter
}

export function localDriver(options: LocalDriverOptions): ClusterDriver {
  const { state, launcher, reporter } = options
  const context = { state, provider: providerOf(state, launcher), reporter }
  return {
    up: (work) =>
      work({
        plan: async (wanted) => planLocal(state, wanted),
        create: (plan) => createLocal(context, plan),
      }),
    down: (work) =>
      work({
        find: () => findLocal(context),
        remove: ({ keepData }) => removeLocal(context, keepData),
      }),
  }
}
