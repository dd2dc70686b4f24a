import { confirm as ask } from '@inquirer/prompts'
import { Flags } from '@oclif/core'
import { readBackups } from '../cli/backup/restore.ts'
import { TmCommand } from '../cli/base.ts'
import { choiceFlags, readChoices, regionFlag } from '../cli/ec2/flags.ts'
import { describePlan } from '../cli/ec2/plan.ts'
import type { DryRunResult, Ec2UpResult } from '../cli/ec2/up.ts'
import { type UpResult, upLocal } from '../cli/local/up.ts'
import { both, readInteger, readSettings, settingFlags } from '../cli/settings-flags.ts'
import { onlyFor } from '../cli/usage.ts'
import { TmError } from '../core/errors.ts'
import { settingNames } from '../core/settings.ts'
import { stopSignal } from '../instance/signals.ts'

const onEc2 = {
  region: regionFlag,
  ...choiceFlags,
  'dry-run': Flags.boolean({
    description: 'show what would be made and what it costs, and make nothing',
    helpGroup: 'EC2',
  }),
}

export default class Up extends TmCommand {
  static override summary = 'Make a cluster, or complete the one there is.'
  static override description =
    `Starts what is missing and changes what is new, nothing else: safe to run again. On EC2 it \
first shows what will be made and what that costs an hour, and asks; what it was told once need not \
be said again. Nodes and workers go on after this command has ended; tm down removes them.`
  static override examples = [
    { description: 'Two nodes on EC2', command: '<%= config.bin %> up' },
    { description: 'What it would make and cost', command: '<%= config.bin %> up --dry-run' },
    {
      description: 'Workers on spot instances, for eight hours at most',
      command: '<%= config.bin %> up --region eu-west-1 --spot --ttl 8h --max-workers 20',
    },
    { description: 'Two nodes on this machine', command: '<%= config.bin %> up --local' },
    {
      description: 'A second cluster, three nodes, more workers',
      command: '<%= config.bin %> up --local --cluster big --nodes 3 --max-workers 8',
    },
    {
      description: 'Begin with what another cluster had',
      command: '<%= config.bin %> up --local --restore default-node-1-20261124T120000000Z.db',
    },
    {
      description: 'Change the limit of a running cluster',
      command: '<%= config.bin %> up --local --max-workers 2',
    },
  ]
  static override flags = {
    local: Flags.boolean({ description: 'run nodes and workers as processes of this machine' }),
    nodes: Flags.string({ description: 'how many nodes, from 1 to 20 [default: 2]' }),
    yes: Flags.boolean({ char: 'y', description: 'do not ask before anything is made on EC2' }),
    restore: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      description: 'a file of tm backup that a new node begins with; can be given again',
    }),
    ...onEc2,
    ...settingFlags(settingNames),
  }

  async run(): Promise<UpResult | Ec2UpResult | DryRunResult> {
    const { flags, raw } = await this.parse(Up)
    if (flags.local) onlyFor('clusters on EC2', Object.keys(onEc2), raw, 'Leave out --local')
    const [[settings, nodes], choices] = both(
      () =>
        both(
          () => readSettings(settingNames, flags),
          () => readInteger('--nodes', flags.nodes, { min: 1, max: 20 }),
        ),
      () => (flags.local ? {} : readChoices(flags)),
    )
    const restore = readBackups(flags.restore ?? [])
    const common = {
      saved: this.saved(flags.cluster),
      // There are two unless it is said; more backups need more.
      nodes: nodes ?? (restore.length > 2 ? restore.length : undefined),
      restore,
      reporter: this.reporter,
    }
    if (flags.local) {
      return this.isUp(await upLocal({ ...common, launcher: this.launcher(), settings }))
    }
    // Loaded here: the AWS SDK takes longer to load than everything else together.
    const [{ upEc2 }, { bringUp }, { readProgram }] = await Promise.all([
      import('../cli/ec2/up.ts'),
      import('../cli/ec2/bring.ts'),
      import('../cli/ec2/program.ts'),
    ])
    const result = await upEc2({
      ...common,
      region: flags.region,
      ambientRegion: this.ambientRegion(),
      choices: { ...choices, settings },
      dryRun: flags['dry-run'],
      confirm: async (plan) => {
        this.logToStderr(plan)
        if (!flags.yes) await this.confirm()
      },
      program: readProgram(this.config.root),
      bring: bringUp,
      signal: stopSignal(),
    })
    if ('plan' in result) this.log(describePlan(result.plan))
    return 'plan' in result ? result : this.isUp(result)
  }

  private isUp<Result extends UpResult | Ec2UpResult>(result: Result): Result {
    this.log(`Cluster ${result.cluster} is up: ${result.nodes.map(({ url }) => url).join(' ')}`)
    return result
  }

  private async confirm(): Promise<void> {
    if (!process.stdin.isTTY || this.jsonEnabled()) {
      throw new TmError('failed', 'Nothing was made: without a terminal nobody can be asked', {
        suggestions: ['Make it without a question: tm up --yes', 'Only look: tm up --dry-run'],
      })
    }
    const yes = await ask({ message: 'Make it?', default: false }, { output: process.stderr })
    if (!yes) throw new TmError('failed', 'Nothing was made')
  }
}
