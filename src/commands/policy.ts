import { Args, Flags } from '@oclif/core'
import { TmCommand } from '../cli/base.ts'
import { choiceFlags, profileFlag, readChoices, regionFlag } from '../cli/flags/ec2.ts'
import { TmError } from '../core/errors.ts'
import { mergeChoices } from '../provider/ec2/cluster/choices.ts'
import { stopSignal } from '../runtime/signals.ts'
import { ec2RecordIn } from '../state/cluster-location.ts'

const names = ['operator', 'node', 'node-trust'] as const
const { 'worker-type': workerType, ami, 'worker-ami': workerAmi, tag } = choiceFlags

export default class Policy extends TmCommand {
  static override summary = 'Print the IAM policies that tm needs, filled in.'
  static override description =
    `operator: for whoever runs tm up, tm down and tm list, with any cluster of the region. node: what \
nodes may do; tm up writes it, unless it is given --instance-profile. node-trust: who may take the role \
of a node. docs/aws.md gives the reason for each statement. Creates nothing.`
  static override examples = [
    '<%= config.bin %> policy operator > operator.json',
    {
      description: 'For an account that these credentials are not of',
      command: '<%= config.bin %> policy operator --account 123456789012 --region eu-west-1',
    },
    {
      description: 'For a role that somebody else creates',
      command: '<%= config.bin %> policy node --security-group sg-0123456789abcdef0',
    },
  ]
  static override args = {
    policy: Args.string({ required: true, options: [...names], description: 'which policy' }),
  }
  static override flags = {
    region: regionFlag,
    profile: profileFlag,
    account: Flags.string({
      description: 'number of the account [default: that of the credentials]',
      helpGroup: 'EC2',
    }),
    'security-group': Flags.string({
      description: 'group of the machines, if tm does not make it [default: that of the cluster]',
      helpGroup: 'EC2',
    }),
    'worker-type': workerType,
    ami,
    'worker-ami': workerAmi,
    tag,
  }

  async run(): Promise<object> {
    const { args, flags } = await this.parse(Policy)
    const { account } = flags
    if (account !== undefined && !/^\d{12}$/.test(account)) {
      throw new TmError('invalid', `--account must be twelve digits, not "${account}"`)
    }
    const state = this.clusterState(flags.cluster)
    const record = ec2RecordIn(state)
    const choices = mergeChoices(record?.choices ?? {}, readChoices(flags))
    // Loaded here: the AWS SDK takes longer to load than everything else together.
    const { policyFor } = await import('../provider/ec2/cluster/policy.ts')
    const policy = await policyFor({
      which: names.find((name) => name === args.policy) ?? 'operator',
      cluster: state.name,
      account,
      choices,
      region: flags.region ?? record?.region ?? this.ambientRegion(),
      profile: flags.profile,
      signal: stopSignal(),
    })
    this.log(JSON.stringify(policy, undefined, 2))
    return policy
  }
}
