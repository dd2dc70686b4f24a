import { setTimeout as sleep } from 'node:timers/promises'
import { Flags } from '@oclif/core'
import { TmCommand } from '../cli/base.ts'
import { describeHealth, gatherHealth, type Health } from '../cli/health.ts'
import { providerOf } from '../cli/local/machines.ts'
import { nodesOf } from '../cli/nodes.ts'
import type { Saved } from '../cli/saved.ts'
import { TmError } from '../core/errors.ts'

/** Milliseconds between two looks with --watch. */
const watchEvery = 1000

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
    watch: Flags.boolean({ char: 'w', description: 'look again every second, until Ctrl-C' }),
  }

  async run(): Promise<Health> {
    const { flags } = await this.parse(HealthCommand)
    const saved = this.saved(flags.cluster)
    if (flags.watch) await this.watch(saved)
    const health = await this.look(saved)
    this.log(describeHealth(health, Date.now()))
    if (!health.healthy) process.exitCode = 1
    return health
  }

  private async look(saved: Saved): Promise<Health> {
    const nodes = nodesOf(saved)
    if (saved.read()?.provider === 'ec2') return await gatherHealth(saved.name, nodes, undefined)
    return await gatherHealth(saved.name, nodes, await providerOf(saved, this.launcher()).list())
  }

  /** Draws over what it drew before: no line of it stays in the history of the terminal. */
  private async watch(saved: Saved): Promise<never> {
    if (!process.stdout.isTTY || this.jsonEnabled()) {
      throw new TmError(
        'invalid',
        '--watch draws on a terminal: without one, call tm health again and again',
      )
    }
    for (;;) {
      const text = describeHealth(await this.look(saved), Date.now())
      process.stdout.write(
        `\x1b[H\x1b[2J${text}\n\n${new Date().toLocaleTimeString()}  Ctrl-C ends\n`,
      )
      await sleep(watchEvery)
    }
  }
}
