/** The flags of clusters on EC2, and how they are read. Nothing here loads the AWS SDK. */
import { Flags } from '@oclif/core'
import { formatDuration, parseDuration } from '../../core/duration.ts'
import { TmError } from '../../core/errors.ts'
import { requireInteger } from '../../core/integers.ts'
import { checkCidr } from '../../provider/ec2/group-rules.ts'
import { type Choices, defaultChoices } from './choices.ts'

const helpGroup = 'EC2'
const { instanceTypes, workerTypes, volumeSize } = defaultChoices

/** Without an environment of its own: AWS_REGION and the profile say it for every AWS tool. */
export const regionFlag = Flags.string({
  description: 'AWS region [default: AWS_REGION, AWS_DEFAULT_REGION, the profile]',
  helpGroup,
})

const text = (description: string, env?: string) =>
  Flags.string({ description, helpGroup, ...(env ? { env } : {}) })

export const choiceFlags = {
  'instance-type': text(
    `types of the nodes, best first [default: ${instanceTypes.join(',')}]`,
    'TM_INSTANCE_TYPE',
  ),
  'worker-type': text(
    `types of the workers, best first [default: ${workerTypes.join(',')}]`,
    'TM_WORKER_TYPE',
  ),
  spot: Flags.boolean({
    description: 'run workers on spot instances: cheaper, and AWS may end them',
    helpGroup,
    allowNo: true,
  }),
  subnet: text('the only subnet to use [default: those of the default VPC]', 'TM_SUBNET'),
  'allow-cidr': Flags.string({
    description: 'addresses that may reach the nodes [default: your own]',
    env: 'TM_ALLOW_CIDR',
    helpGroup,
    multiple: true,
    multipleNonGreedy: true,
  }),
  ami: text('image to boot [default: the newest Amazon Linux 2023]'),
  'volume-size': text(`GiB of each disk, from 8 to 16384 [default: ${volumeSize}]`),
  ttl: text('all machines end by themselves so long after this command, at least 10m', 'TM_TTL'),
  'permissions-boundary': text(
    'ARN of a policy that the role of the nodes may not go beyond',
    'TM_PERMISSIONS_BOUNDARY',
  ),
  'instance-profile': text(
    'instance profile that there is, in place of making one',
    'TM_INSTANCE_PROFILE',
  ),
}

type Value = string | string[] | boolean | undefined
export type ChoiceFlags = { [Name in keyof typeof choiceFlags]?: Value }

const shortest = 10 * 60_000
const longest = 30 * 24 * 3_600_000

/** Only what was given. What is wrong is said all at once. */
export function readChoices(flags: ChoiceFlags): Partial<Choices> {
  const choices: Partial<Choices> = {}
  const problems: string[] = []
  /** Reads one flag, if it is there. */
  function read(name: keyof ChoiceFlags, use: (given: string) => void): void {
    const given = flags[name]
    if (given === undefined || typeof given === 'boolean') return
    try {
      use([given].flat().join(','))
    } catch (error) {
      if (!(error instanceof TmError)) throw error
      problems.push(error.message)
    }
  }
  read('instance-type', (given) => {
    choices.instanceTypes = readTypes('--instance-type', given)
  })
  read('worker-type', (given) => {
    choices.workerTypes = readTypes('--worker-type', given)
  })
  read('subnet', (given) => {
    choices.subnet = matching('--subnet', given, /^subnet-[0-9a-z]+$/, 'an id such as subnet-0ab1')
  })
  read('allow-cidr', (given) => {
    choices.allowCidrs = readCidrs('--allow-cidr', given)
  })
  read('ami', (given) => {
    choices.ami = matching('--ami', given, /^ami-[0-9a-z]+$/, 'an id such as ami-0ab1')
  })
  read('volume-size', (given) => {
    choices.volumeSize = requireInteger('--volume-size', given, { min: 8, max: 16_384 })
  })
  read('ttl', (given) => {
    choices.ttl = readTtl(given)
  })
  read('permissions-boundary', (given) => {
    const arn = /^arn:[\w-]+:iam::(\d{12}|aws):policy\/\S+$/
    choices.boundary = matching('--permissions-boundary', given, arn, "a policy's ARN")
  })
  read('instance-profile', (given) => {
    const name = /^[\w+=,.@-]{1,128}$/
    choices.instanceProfile = matching('--instance-profile', given, name, 'a name, not an ARN')
  })
  if (flags.spot !== undefined) choices.spot = flags.spot === true
  if (problems.length > 0) throw new TmError('invalid', problems.join('\n'))
  return choices
}

/** Addresses and blocks with commas between them, as EC2 writes them. */
export function readCidrs(flag: string, given: string): string[] {
  const cidrs = list(given).map((one) => {
    try {
      return checkCidr(one)
    } catch (error) {
      if (!(error instanceof TmError)) throw error
      const suggestions = error.suggestions.map((text) => text.replace('--allow-cidr', flag))
      throw new TmError('invalid', `${flag}: ${error.message}`, { suggestions })
    }
  })
  if (cidrs.length === 0) throw new TmError('invalid', `${flag} names no address`)
  return [...new Set(cidrs)]
}

function readTypes(flag: string, given: string): string[] {
  const types = [...new Set(list(given))]
  const wanted = 'types such as t4g.small,t3.small'
  if (types.length === 0) throw wrong(flag, wanted, given)
  for (const type of types) matching(flag, type, /^[a-z0-9-]+\.[a-z0-9-]+$/, wanted)
  return types
}

function readTtl(given: string): number {
  const ms = parseDuration(given)
  if (ms !== undefined && ms >= shortest && ms <= longest) return ms
  const range = `from ${formatDuration(shortest)} to ${formatDuration(longest)}`
  throw wrong('--ttl', `a duration such as 30m or 8h, ${range}`, given)
}

function matching(flag: string, given: string, pattern: RegExp, wanted: string): string {
  if (pattern.test(given)) return given
  throw wrong(flag, wanted, given)
}

function wrong(flag: string, wanted: string, given: string): TmError {
  return new TmError('invalid', `${flag} must be ${wanted}, not "${given.slice(0, 100)}"`)
}

function list(given: string): string[] {
  return given
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
}
