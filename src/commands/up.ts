import { Flags } from '@oclif/core'
import { TmCommand } from '../cli/base.ts'
import { type UpResult, upLocal } from '../cli/local/up.ts'
import { both, readInteger, readSettings, settingFlags } from '../cli/settings-flags.ts'
import { TmError } from '../core/errors.ts'
import { settingNames } from '../core/settings.ts'

export default class Up extends TmCommand {
  static override summary = 'Make a cluster, or complete the one there is.'
  static override description =
    `Starts what is missing and changes what is new, nothing else: safe to run again.
Nodes and workers go on after this command has ended; tm down removes them.`
  static override examples = [
    { description: 'Two nodes on this machine', command: '<%= config.bin %> up --local' },
    {
      description: 'A second cluster, three nodes, more workers',
      command: '<%= config.bin %> up --local --cluster big --nodes 3 --max-workers 8',
    },
    {
      description: 'Change the limit of a running cluster',
      command: '<%= config.bin %> up --local --max-workers 2',
    },
  ]
  static override flags = {
    local: Flags.boolean({ description: 'run nodes and workers as processes of this machine' }),
    nodes: Flags.string({ description: 'how many nodes, from 1 to 20 [default: 2]' }),
    ...settingFlags(settingNames),
  }

  async run(): Promise<UpResult> {
    const { flags } = await this.parse(Up)
    const [settings, nodes] = both(
      () => readSettings(settingNames, flags),
      () => readInteger('--nodes', flags.nodes, { min: 1, max: 20 }),
    )
    if (!flags.local) throw notYet()
    const result = await upLocal({
      saved: this.saved(flags.cluster),
      launcher: { command: this.machineCommand(), env: this.machineEnvironment() },
      nodes,
      settings,
      reporter: this.reporter,
    })
    this.log(`Cluster ${result.cluster} is up: ${result.nodes.map(({ url }) => url).join(' ')}`)
    return result
  }
}

function notYet(): TmError {
  return new TmError(
    'failed',
    'The EC2 provider comes next: this tm runs clusters on this machine only',
    {
      suggestions: ['tm up --local'],
    },
  )
}
