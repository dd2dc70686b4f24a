/**
 * `tm run --local` without a cluster: starts one on this machine for this run, and takes it down when
 * the outputs are here. What was interrupted goes on, and is used and taken down by the next such run.
 */
import { messageOf } from '../../core/errors.ts'
import type { Reporter } from '../../core/progress.ts'
import { renderCommand, tm } from '../../core/suggestions.ts'
import { localDriver } from '../../provider/local/cluster/driver.ts'
import type { Launcher } from '../../provider/local/cluster/machines.ts'
import type { ClusterState } from '../../state/cluster-state.ts'
import { downCluster } from '../cluster/down.ts'
import { upCluster } from '../cluster/up.ts'

export interface OwnClusterOptions {
  state: ClusterState
  launcher: Launcher
  reporter: Reporter
}

/** Whether `work` may use the cluster that is there, which then stays. */
export function hasCluster(state: ClusterState): boolean {
  const record = state.read()
  return record !== undefined && !(record.provider === 'local' && record.forRun === true)
}

/** The cluster goes only after `work` says that nothing is left in it that somebody may want. */
export async function withOwnCluster<T>(
  options: OwnClusterOptions,
  work: () => Promise<T>,
  isDone: (result: T) => boolean,
): Promise<T> {
  const { state, reporter } = options
  await up(options)
  const end = renderCommand(tm('down'), { cluster: state.name })
  const keep = () =>
    reporter.say(`The cluster of this run is kept, with all results. It ends with: ${end}`)
  try {
    const result = await work()
    // Another run, which was interrupted, may have left what nobody has fetched yet.
    if (!(isDone(result) && (await takeDown(options)))) keep()
    return result
  } catch (error) {
    keep()
    throw error
  }
}

async function up({ state, launcher, reporter }: OwnClusterOptions): Promise<void> {
  const quiet = { ...reporter, step: withoutSteps }
  const driver = localDriver({ state, launcher, reporter: quiet })
  // One worker with all that the machine has: it runs as many commands at a time as fit.
  const wanted = { nodes: 1, choices: { settings: { maxWorkers: 1 } } }
  const free = { restore: [], dryRun: false, confirm: async () => undefined }
  await reporter.step('a cluster for this run', async () => {
    await driver.up(async (builder) => {
      return await upCluster(builder, { cluster: state.name, wanted, reporter: quiet, ...free })
    })
    const record = state.read()
    if (record?.provider === 'local') state.write({ ...record, forRun: true })
  })
}

/** `false` if something would be lost with it. */
async function takeDown({ state, launcher, reporter }: OwnClusterOptions): Promise<boolean> {
  const quiet = { ...reporter, step: withoutSteps, say: () => {} }
  const driver = localDriver({ state, launcher, reporter: quiet })
  const { name: cluster } = state
  const free = {
    keepData: false,
    confirm: async () => false,
    onNothing: () => {},
    onFound: () => {},
  }
  try {
    await driver.down((remover) => downCluster(remover, { cluster, reporter: quiet, ...free }))
    return true
  } catch (error) {
    reporter.say(`The cluster of this run is not removed: ${messageOf(error)}`)
    return false
  }
}

const withoutSteps: Reporter['step'] = async (_, work) => await work(() => {})
