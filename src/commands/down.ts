import { confirm as ask } from '@inquirer/prompts'
import { Flags } from '@oclif/core'
import { TmCommand } from '../cli/base.ts'
import { regionFlag } from '../cli/ec2/flags.ts'
import type { RemovalResult } from '../cli/ec2/remove.ts'
import { type DownResult, downLocal } from '../cli/local/down.ts'
import { providerOf } from '../cli/local/machines.ts'
import type { Saved } from '../cli/saved.ts'
import { ec2RecordIn, whereIs } from '../cli/where.ts'
import { stopSignal } from '../instance/signals.ts'

interface Flagged {
  yes: boolean
  'keep-data': boolean
  region: string | undefined
}

export default class Down extends TmCommand {
  static override summary = 'Remove a cluster, and prove that nothing is left of it.'
  static override description =
    `Drains it, stops its workers (running tasks end or go back to the queue) and its nodes, by \
force if need be, and removes its data. On EC2 it finds everything by tag, whichever machine made \
it. Safe to run again.`
  static override examples = [
    '<%= config.bin %> down',
    { description: 'Without a question', command: '<%= config.bin %> down --yes' },
    {
      description: 'A cluster on EC2 that another machine made',
      command: '<%= config.bin %> down --cluster big --region eu-west-1',
    },
    {
      description: 'Keep queue and results, for the next tm up',
      command: '<%= config.bin %> down --keep-data',
    },
  ]
  static override flags = {
    yes: Flags.boolean({ char: 'y', description: 'do not ask, whatever is lost' }),
    'keep-data': Flags.boolean({
      description: 'keep the data on disk for a later tm up; only on this machine',
    }),
    region: regionFlag,
  }

  async run(): Promise<DownResult | RemovalResult> {
    const { flags } = await this.parse(Down)
    const saved = this.saved(flags.cluster)
    const result = (await this.isHere(saved, flags)) ? undefined : await this.onEc2(saved, flags)
    if (result?.remaining.length) process.exitCode = 1
    return result ?? (await this.onThisMachine(saved, flags))
  }

  /** Whether it is a cluster of this machine; where nothing tells, EC2 has to be looked at. */
  private async isHere(saved: Saved, { region }: Flagged): Promise<boolean> {
    if (region !== undefined) return false
    const where = whereIs(saved)
    if (where !== undefined) return where === 'local'
    return (await providerOf(saved, this.launcher()).list()).length > 0
  }

  private async onThisMachine(saved: Saved, flags: Flagged): Promise<DownResult> {
    return await downLocal({
      saved,
      launcher: this.launcher(),
      keepData: flags['keep-data'],
      confirm: async (loss) => flags.yes || (await this.confirm(loss)),
      reporter: this.reporter,
    })
  }

  private async onEc2(saved: Saved, flags: Flagged): Promise<RemovalResult | undefined> {
    // Loaded here: the AWS SDK takes longer to load than everything else together.
    const { downEc2 } = await import('../cli/ec2/down.ts')
    const record = ec2RecordIn(saved)
    const own = whereIs(saved) === 'ec2'
    // The same name in another region is another cluster, of which nothing is remembered here.
    const other = record && flags.region !== undefined && flags.region !== record.region
    return await downEc2({
      saved,
      ...(other ? { record: undefined, own: false } : { record, own }),
      region: flags.region,
      ambientRegion: this.ambientRegion(),
      keepData: flags['keep-data'],
      confirm: async (loss) => flags.yes || (await this.confirm(loss)),
      reporter: this.reporter,
      signal: stopSignal(),
    })
  }

  /** Without a terminal there is nobody to ask: then the answer is no. */
  private async confirm(loss: string): Promise<boolean> {
    this.logToStderr(`Down removes: ${loss}.`)
    if (!process.stdin.isTTY || this.jsonEnabled()) return false
    return await ask({ message: 'Go on?', default: false }, { output: process.stderr })
  }
}
