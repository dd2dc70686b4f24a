import { TmCommand } from '../cli/base.ts'
import { regionFlag } from '../cli/ec2/flags.ts'
import { describeList, type Listed, localClusters, missing, savedClusters } from '../cli/listed.ts'
import { ec2RecordIn } from '../cli/where.ts'
import { stopSignal } from '../instance/signals.ts'

export default class List extends TmCommand {
  static override summary = 'Show all clusters, of this machine and on EC2.'
  static override description =
    `Those of this machine, and whatever is tagged as a cluster in the AWS region and in those where \
this machine has made one; with age, and an estimate of the cost of what runs now. On a terminal a \
table; elsewhere cluster, place, nodes, workers, age, $/h and a remark between tabs.`
  static override examples = [
    '<%= config.bin %> list',
    '<%= config.bin %> list --region eu-west-1 --json',
  ]
  static override flags = { region: regionFlag }

  async run(): Promise<{ clusters: Listed[] }> {
    const { flags } = await this.parse(List)
    const saved = savedClusters(this.config.dataDir)
    const records = saved
      .flatMap((one) => ec2RecordIn(one) ?? [])
      .filter(({ region }) => flags.region === undefined || region === flags.region)
    const regions = flags.region
      ? [flags.region]
      : [...new Set([this.ambientRegion(), ...records.map(({ region }) => region)])]
    // Loaded here: the AWS SDK takes longer to load than everything else together.
    const { clustersIn } = await import('../cli/ec2/everywhere.ts')
    const [local, there] = await Promise.all([
      localClusters(saved, this.launcher()),
      clustersIn({ regions, signal: stopSignal() }),
    ])
    for (const { text, failed } of there.notes) {
      this.logToStderr(text)
      if (failed) process.exitCode = 1
    }
    for (const text of missing(records, there)) this.logToStderr(text)
    const clusters = [...local, ...there.clusters]
    const shown = { now: Date.now(), terminal: Boolean(process.stdout.isTTY) }
    const text = describeList(clusters, shown)
    if (text !== '') this.log(text)
    return { clusters }
  }
}
