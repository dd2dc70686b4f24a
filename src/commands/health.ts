import { Flags } from '@oclif/core'
import { TmCommand } from '../cli/base.ts'
import { describeHealth, gatherHealth, type Health } from '../cli/output/health.ts'
import { describePace, type Sample, sampleOf, withSample } from '../cli/output/pace.ts'
import { type Size, watch } from '../cli/output/screen.ts'
import { widthOf } from '../cli/output/terminal.ts'
import { watchedHealth } from '../cli/output/watched-health.ts'
import { TmError } from '../core/errors.ts'
import { providerOf } from '../provider/local/cluster/machines.ts'
import { nodesOf } from '../state/cluster-nodes.ts'
import type { ClusterState } from '../state/cluster-state.ts'

const watchEveryMs = 1000

export default class HealthCommand extends TmCommand {
  static override summary = 'Show what every node is doing, and why.'
  static override description =
    `Queue, workers, limit and loans of every node, and the last decision of its scaler with the \
reason. The exit code is 1 unless all nodes are healthy.`
  static override examples = [
    '<%= config.bin %> health',
    '<%= config.bin %> health --watch',
    '<%= config.bin %> health --json',
  ]
  static override flags = {
    watch: Flags.boolean({ char: 'w', description: 'refresh every second, until Ctrl-C' }),
  }

  async run(): Promise<Health> {
    const { flags } = await this.parse(HealthCommand)
    const state = this.clusterState(flags.cluster)
    if (flags.watch) await this.watch(state)
    // After a watch it stays on the screen.
    const health = await this.gather(state)
    this.log(describeHealth(health, Date.now(), { width: widthOf(process.stdout) }))
    if (!health.healthy) process.exitCode = 1
    return health
  }

  private async gather(state: ClusterState): Promise<Health> {
    const nodes = nodesOf(state)
    if (state.read()?.provider === 'ec2') return await gatherHealth(state.name, nodes, undefined)
    return await gatherHealth(state.name, nodes, await providerOf(state, this.launcher()).list())
  }

  /** Until Ctrl-C. */
  private async watch(state: ClusterState): Promise<void> {
    if (!process.stdout.isTTY || this.jsonEnabled()) {
      throw new TmError(
        'invalid',
        '--watch needs a terminal: without one, run tm health repeatedly',
      )
    }
    let samples: Sample[] = []
    const draw = async (size: Size) => {
      const health = await this.gather(state)
      const now = Date.now()
      const sample = sampleOf(health, performance.now())
      if (sample) samples = withSample(samples, sample)
      const footer = `${new Date(now).toLocaleTimeString()}  Ctrl-C ends`
      return watchedHealth(health, { now, size, pace: describePace(samples), footer })
    }
    const terminal = process.stdout
    await watch({ terminal, everyMs: watchEveryMs, signal: this.stopSignal, draw })
  }
}
