import { Flags } from '@oclif/core'
import { TmCommand } from '../cli/base.ts'
import { forgetEndedHost } from '../cli/cluster/forget-ended-host.ts'
import { profileFlag, regionFlag } from '../cli/flags/ec2.ts'
import { describeList, noClusters } from '../cli/output/cluster-list.ts'
import { describeOrphans } from '../cli/output/orphans.ts'
import type { ListedCluster, Listing, Orphan } from '../provider/cluster.ts'
import type { LookOptions } from '../provider/ec2/cluster/look-in-regions.ts'
import { listLocal } from '../provider/local/cluster/list.ts'
import { clusterStates } from '../state/cluster-state.ts'

export default class List extends TmCommand {
  static override summary = 'List all clusters, on this machine and on EC2.'
  static override description =
    `Lists the clusters of this machine at once, then those in the AWS region and in every region where \
this machine has created one; with age and an estimate of what they cost now. A table on a terminal; \
elsewhere cluster, place, nodes, workers, age, $/h and a note, separated by tabs. The exit code is 1 \
if AWS could not be looked at.`
  static override examples = [
    '<%= config.bin %> list',
    '<%= config.bin %> list --region eu-west-1 --json',
    { description: 'Whatever the account has', command: '<%= config.bin %> list --all-regions' },
    {
      description: 'What costs money although no node uses it, in all regions',
      command: '<%= config.bin %> list --orphans --all-regions',
    },
  ]
  static override flags = {
    region: regionFlag,
    profile: profileFlag,
    'all-regions': Flags.boolean({
      description: 'list every region that the account has enabled',
      exclusive: ['region'],
      helpGroup: 'EC2',
    }),
    orphans: Flags.boolean({
      description:
        'list what does nothing: machines without a node, free disks, groups and roles without a machine, machines that are stopped for long',
      helpGroup: 'EC2',
    }),
  }

  async run(): Promise<{ clusters: ListedCluster[] } | { orphans: Orphan[] }> {
    const { flags } = await this.parse(List)
    const look = {
      region: flags.region,
      profile: flags.profile,
      allRegions: flags['all-regions'],
      ambientRegion: this.ambientRegion(),
      onWait: (text: string) => this.logToStderr(text),
    }
    if (flags.orphans) return { orphans: await this.listOrphans(look) }
    const states = clusterStates(this.dataDir())
    for (const state of states) await forgetEndedHost(state)
    const local = await listLocal(states, this.launcher())
    // What is here does not wait for AWS.
    this.show(local)
    // Loaded here: the AWS SDK takes longer to load than everything else together.
    const { listRegions } = await import('../provider/ec2/cluster/list-regions.ts')
    const onEc2 = await listRegions({ states, ...look })
    this.show(onEc2)
    const clusters = [...local.clusters, ...onEc2.clusters]
    if (clusters.length === 0 && process.stdout.isTTY) this.log(noClusters)
    return { clusters }
  }

  private async listOrphans(look: Omit<LookOptions, 'states'>): Promise<Orphan[]> {
    const { listOrphansInRegions } = await import('../provider/ec2/cluster/list-orphans.ts')
    const states = clusterStates(this.dataDir())
    const { orphans, notes } = await listOrphansInRegions({ states, ...look })
    this.showNotes(notes)
    const shown = { now: Date.now(), terminal: Boolean(process.stdout.isTTY) }
    if (orphans.length > 0) this.log(describeOrphans(orphans, shown))
    else if (process.stdout.isTTY && process.exitCode !== 1) this.log('There are no orphans.')
    return orphans
  }

  private showNotes(notes: Listing['notes']): void {
    for (const { text, failed } of notes) {
      this.logToStderr(text)
      if (failed) process.exitCode = 1
    }
  }

  private show({ clusters, notes }: Listing): void {
    this.showNotes(notes)
    const shown = { now: Date.now(), terminal: Boolean(process.stdout.isTTY) }
    if (clusters.length > 0) this.log(describeList(clusters, shown))
  }
}
