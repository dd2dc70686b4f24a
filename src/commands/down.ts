import { Flags } from '@oclif/core'
import { TmCommand } from '../cli/base.ts'
import { downCluster } from '../cli/cluster/down.ts'
import { type DownOrphansResult, downOrphans } from '../cli/cluster/down-orphans.ts'
import { driverOf, type ProviderName, placesOf } from '../cli/cluster/drivers.ts'
import { profileFlag, regionFlag } from '../cli/flags/ec2.ts'
import type { RenderedError } from '../core/errors.ts'
import { type Suggestion, suggest, tm } from '../core/suggestions.ts'
import type { RemovalResult } from '../provider/cluster.ts'
import { isKnownName, rememberName } from '../state/cluster-names.ts'
import { type ClusterState, clusterStates } from '../state/cluster-state.ts'

interface Nothing {
  /** Whether the user named the cluster. */
  named: boolean
  provider: ProviderName
}

interface DownResult extends Omit<RemovalResult, 'problems'> {
  problems?: RenderedError[]
}

export default class Down extends TmCommand {
  static override changes = true
  static override summary = 'Remove a cluster, and check that nothing is left of it.'
  static override description =
    `Drains the cluster, stops its workers (running tasks finish or return to the queue) and its nodes, \
by force if necessary, and removes its data. On EC2 it finds everything by tag, whichever machine \
created it. Safe to run again; a name that no cluster has had is an error. Files in the cluster's folder \
that tm did not make stay.`
  static override examples = [
    '<%= config.bin %> down',
    { description: 'Without asking', command: '<%= config.bin %> down --yes' },
    {
      description: 'A cluster on EC2 that another machine created',
      command: '<%= config.bin %> down --cluster big --region eu-west-1',
    },
    {
      description: 'What costs money although no node uses it, in all regions',
      command: '<%= config.bin %> down --orphans --all-regions',
    },
    {
      description: 'Keep queue and results, for the next tm up',
      command: '<%= config.bin %> down --keep-data',
    },
  ]
  static override flags = {
    yes: Flags.boolean({ char: 'y', description: 'do not ask, even if data would be lost' }),
    'keep-data': Flags.boolean({
      description: 'keep the data on disk for a later tm up; only on this machine',
    }),
    orphans: Flags.boolean({
      description:
        'remove what tm list --orphans shows, if it still does nothing a minute later; of all clusters, unless --cluster names one. Nodes that are stopped, and disks beside a node, stay',
      exclusive: ['keep-data'],
      helpGroup: 'EC2',
    }),
    'all-regions': Flags.boolean({
      description: 'with --orphans: in every region that the account has enabled',
      exclusive: ['region'],
      dependsOn: ['orphans'],
      helpGroup: 'EC2',
    }),
    region: regionFlag,
    profile: profileFlag,
  }

  async run(): Promise<DownResult | DownOrphansResult> {
    const { flags, metadata } = await this.parse(Down)
    const named = !metadata.flags.cluster?.setFromDefault
    if (flags.orphans) return await this.removeOrphans(flags, named ? flags.cluster : undefined)
    const state = this.clusterState(flags.cluster)
    let nothingOn: ProviderName | undefined
    const options = {
      cluster: state.name,
      keepData: flags['keep-data'],
      confirm: async (loss: string) => flags.yes || (await this.confirm(loss)),
      reporter: this.reporter,
    }
    const place = {
      state,
      launcher: this.launcher(),
      region: flags.region,
      profile: flags.profile,
      ambientRegion: this.ambientRegion(),
      root: this.config.root,
      reporter: this.reporter,
    }
    let result: RemovalResult | undefined
    for (const provider of await placesOf(place)) {
      const driver = await driverOf(provider, place, () => this.stopSignal)
      const onFound = (exists: boolean) => {
        // Before it is removed: a removal may be killed at any moment, and is then run again.
        if (exists) rememberName(this.dataDir(), state.name)
        else nothingOn = provider
      }
      result ??= await driver.down((remover) => downCluster(remover, { ...options, onFound }))
    }
    // Only EC2 can be unreachable; the local driver comes after it and always returns a result.
    const { problems, ...removal } = result as RemovalResult
    if (removal.remaining.length > 0 || problems !== undefined) process.exitCode = 1
    if (nothingOn) this.reportNothing(state, { named, provider: nothingOn })
    return {
      ...removal,
      ...(problems ? { problems: problems.map((one) => this.showError(one)) } : {}),
    }
  }

  private async removeOrphans(
    flags: { yes: boolean; region?: string; profile?: string; 'all-regions': boolean },
    only: string | undefined,
  ): Promise<DownOrphansResult> {
    const signal = this.stopSignal
    const { problems, ...result } = await downOrphans({
      look: {
        states: clusterStates(this.dataDir()),
        region: flags.region,
        profile: flags.profile,
        allRegions: flags['all-regions'],
        ambientRegion: this.ambientRegion(),
        onWait: (text) => this.logToStderr(text),
        signal,
      },
      only,
      show: (text) => this.logToStderr(text),
      note: (notes) => {
        for (const { text, failed } of notes) {
          this.logToStderr(text)
          if (failed) process.exitCode = 1
        }
      },
      confirm: async (loss) => flags.yes || (await this.confirm(loss)),
      reporter: this.reporter,
    })
    if (result.remaining.length + problems.length > 0) process.exitCode = 1
    return {
      ...result,
      ...(problems.length > 0 ? { problems: problems.map((one) => this.showError(one)) } : {}),
    }
  }

  /** A name that was given, and that no cluster has had, is a mistake. */
  private reportNothing(state: ClusterState, { named, provider }: Nothing): void {
    if (named && !isKnownName(this.dataDir(), state.name)) throw state.notFound()
    // The driver of EC2 has said so, with the region.
    if (provider === 'local') this.logToStderr(`Nothing is left of cluster ${state.name}.`)
    const others = clusterStates(this.dataDir()).map(({ name }) => name)
    if (others.length > 0) this.logToStderr(`Clusters on this machine: ${others.join(', ')}`)
  }

  protected override whatGoesOn(): Suggestion {
    return suggest`Some of the cluster may still run. Continue: ${tm('down', { yes: true })}`
  }

  /** Without a terminal nobody can be asked, and the answer is no. */
  private async confirm(loss: string): Promise<boolean> {
    this.logToStderr(`Down removes: ${loss}.`)
    if (!process.stdin.isTTY || this.jsonEnabled()) return false
    // Loaded only when it asks: these are sixty modules.
    const { confirm } = await import('@inquirer/prompts')
    const question = { message: 'Continue?', default: false }
    return await this.ask((context) => confirm(question, context))
  }
}
