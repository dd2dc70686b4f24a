import { Flags } from '@oclif/core'
import { readBackups } from '../cli/backup/restore-backups.ts'
import { TmCommand } from '../cli/base.ts'
import { driverOf } from '../cli/cluster/drivers.ts'
import { type DryRunResult, type UpResult, upCluster } from '../cli/cluster/up.ts'
import { choiceFlags, profileFlag, readChoices, regionFlag } from '../cli/flags/ec2.ts'
import { readBoth, readInteger, readSettings, settingFlags } from '../cli/flags/settings.ts'
import { describePlan } from '../cli/output/plan.ts'
import { onlyFor } from '../cli/usage/usage-error.ts'
import { formatDuration } from '../core/duration.ts'
import { TmError } from '../core/errors.ts'
import { settingNames } from '../core/settings.ts'
import { type Suggestion, suggest, tm } from '../core/suggestions.ts'

const onEc2 = {
  region: regionFlag,
  profile: profileFlag,
  ...choiceFlags,
  'dry-run': Flags.boolean({
    description: 'show what would be created and what it costs, but create nothing',
    helpGroup: 'EC2',
  }),
}

export default class Up extends TmCommand {
  static override changes = true
  static override summary = 'Create a cluster, on EC2 or with --local here, or complete it.'
  static override description =
    `Starts what is missing and applies what changed, nothing else: safe to run again. On EC2 it first \
shows what it will create and what that costs per hour, and asks; a later tm up need not repeat flags. \
Nodes and workers keep running after this command ends; tm down removes them.`
  static override examples = [
    { description: 'Two nodes on EC2', command: '<%= config.bin %> up' },
    {
      description: 'Show what it would create and cost',
      command: '<%= config.bin %> up --dry-run',
    },
    {
      description: 'Workers on spot instances, for eight hours at most',
      command: '<%= config.bin %> up --region eu-west-1 --spot --ttl 8h --max-workers 20',
    },
    {
      description: 'As many workers as it takes to be done in about ten minutes',
      command: '<%= config.bin %> up --policy target --target 10m --max-workers 50',
    },
    { description: 'Two nodes on this machine', command: '<%= config.bin %> up --local' },
    {
      description: 'A second cluster, three nodes, more workers',
      command: '<%= config.bin %> up --local --cluster big --nodes 3 --max-workers 8',
    },
    {
      description: 'Start from the backup of another cluster',
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
    yes: Flags.boolean({ char: 'y', description: 'do not ask before anything is created on EC2' }),
    restore: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      description: 'a file of tm backup to start a new node from; can be repeated',
    }),
    ...onEc2,
    ...settingFlags(settingNames),
    'no-commands': Flags.boolean({
      description: 'the same as --commands off: nodes refuse the jobs of tm run',
      exclusive: ['commands'],
      helpGroup: 'SETTING',
    }),
  }

  async run(): Promise<UpResult | DryRunResult> {
    const { flags, raw } = await this.parse(Up)
    if (flags.local) onlyFor('clusters on EC2', Object.keys(onEc2), raw, 'Leave out --local')
    const [[settings, nodes], choices] = readBoth(
      () =>
        readBoth(
          () => readSettings(settingNames, withSwitches(flags)),
          () => readInteger('--nodes', flags.nodes, { min: 1, max: 20 }),
        ),
      () => (flags.local ? {} : readChoices(flags)),
    )
    const restore = await readBackups(flags.restore ?? [])
    const state = this.clusterState(flags.cluster)
    const place = {
      state,
      launcher: this.launcher(),
      region: flags.region,
      profile: flags.profile,
      ambientRegion: this.ambientRegion(),
      root: this.config.root,
      reporter: this.reporter,
    }
    const driver = await driverOf(flags.local ? 'local' : 'ec2', place, () => this.stopSignal)
    const options = {
      cluster: state.name,
      wanted: {
        // The default is two; more backups need more nodes.
        nodes: nodes ?? (restore.length > 2 ? restore.length : undefined),
        choices: { ...choices, settings },
      },
      restore,
      dryRun: flags['dry-run'],
      confirm: async (plan: string, { hasEnd }: { hasEnd: boolean }) => {
        this.logToStderr(plan)
        return flags.yes ? undefined : await this.confirm(hasEnd)
      },
      reporter: this.reporter,
    }
    const result = await driver
      .up((builder) => upCluster(builder, options))
      .catch(flags.local ? undefined : orLocally)
    if ('plan' in result) this.log(describePlan(result.plan))
    else
      this.log(`Cluster ${result.cluster} is up: ${result.nodes.map(({ url }) => url).join(' ')}`)
    return result
  }

  protected override whatGoesOn(): Suggestion {
    return suggest`What has started goes on running. Complete it: ${tm('up', { local: true })}; remove it: ${tm('down')}`
  }

  /** The answer may be an end for a cluster that has none: what is forgotten goes on costing. */
  private async confirm(hasEnd: boolean): Promise<{ ttlMs?: number } | undefined> {
    if (!process.stdin.isTTY || this.jsonEnabled()) {
      throw new TmError('failed', 'Nothing was created: there is no terminal to ask on', {
        suggestions: [
          suggest`Create it without asking: ${tm('up', { yes: true })}`,
          suggest`Show the plan only: ${tm('up', { 'dry-run': true })}`,
        ],
      })
    }
    // Loaded only when it asks: these are sixty modules.
    const { confirm, select } = await import('@inquirer/prompts')
    const message = 'Create it?'
    const answer = await this.ask(
      async (context): Promise<boolean | 'until'> =>
        hasEnd
          ? await confirm({ message, default: false }, context)
          : await select<boolean | 'until'>({ message, choices: answers }, context),
    )
    if (answer === false) throw new TmError('failed', 'Nothing was created')
    return answer === 'until' ? { ttlMs: offeredTtlMs } : undefined
  }
}

function withSwitches(flags: Record<string, unknown>): Record<string, unknown> {
  return flags['no-commands'] ? { ...flags, commands: 'off' } : flags
}

const offeredTtlMs = 8 * 3_600_000
const answers = [
  { name: 'No', value: false },
  {
    name: `Yes, and end all machines after ${formatDuration(offeredTtlMs)} (a later tm up --ttl changes that)`,
    value: 'until' as const,
  },
  { name: 'Yes, and keep them until tm down', value: true },
]

/** Who has not set up AWS may not want EC2 at all. */
async function orLocally(error: unknown): Promise<never> {
  // Loaded already: it has thrown.
  const { hasNoAccount } = await import('../provider/ec2/cluster/driver.ts')
  if (!hasNoAccount(error)) throw error
  const local = suggest`Or run the cluster on this machine: ${tm('up', { local: true })}`
  throw new TmError(error.code, error.message, {
    cause: error,
    suggestions: [...error.suggestions, local],
  })
}
