/** The flags for clusters on EC2 and their parsing. Nothing here loads the AWS SDK. */
import { Flags } from '@oclif/core'
import { formatDuration, parseDuration } from '../../core/duration.ts'
import { TmError } from '../../core/errors.ts'
import { type Range, requireInteger } from '../../core/integers.ts'
import { requirePort } from '../../core/ports.ts'
import { defaultSetupTimeoutMs, packageName } from '../../core/setup.ts'
import { defaultChoices, nodePort } from '../../provider/ec2/cluster/choices.ts'
import { normalizeCidr } from '../../provider/ec2/network/group-rules.ts'
import type { Choices } from '../../state/cluster-record.ts'
import { readSetupScript } from './setup-script.ts'
import { readTags } from './tags.ts'

const helpGroup = 'EC2'
const { instanceTypes, workerTypes, volumeSize } = defaultChoices

/** Has no TM_ variable: AWS_REGION and the profile set the region for every AWS tool. */
export const regionFlag = Flags.string({
  description: 'AWS region [default: AWS_REGION, AWS_DEFAULT_REGION, the profile]',
  helpGroup,
})

/** Has no TM_ variable: AWS_PROFILE sets the profile for every AWS tool. */
export const profileFlag = Flags.string({
  description: 'AWS profile [default: the one of tm up, AWS_PROFILE]',
  helpGroup,
})

const text = (description: string, env?: string) =>
  Flags.string({ description, helpGroup, ...(env ? { env } : {}) })

export const choiceFlags = {
  'instance-type': text(
    `instance types for nodes, best first [default: ${instanceTypes.join(',')}]`,
    'TM_INSTANCE_TYPE',
  ),
  'worker-type': text(
    `instance types for workers, best first [default: ${workerTypes.join(',')}]`,
    'TM_WORKER_TYPE',
  ),
  spot: Flags.boolean({
    description: 'run workers on spot instances: cheaper, but AWS may end them',
    helpGroup,
    allowNo: true,
  }),
  'on-demand-fallback': Flags.boolean({
    description: 'with --spot: run workers on demand where spot has no capacity',
    helpGroup,
    allowNo: true,
  }),
  subnet: text(
    'the only subnets to use, separated by commas, all public or all private [default: those of the default VPC]',
    'TM_SUBNET',
  ),
  'allow-cidr': Flags.string({
    description: 'addresses that may reach the nodes [default: your own]',
    env: 'TM_ALLOW_CIDR',
    helpGroup,
    multiple: true,
    multipleNonGreedy: true,
  }),
  port: text(`port of the nodes, such as 443 behind a proxy [default: ${nodePort}]`, 'TM_PORT'),
  tag: Flags.string({
    description: 'KEY=VALUE to tag all that is created with',
    helpGroup,
    multiple: true,
    multipleNonGreedy: true,
  }),
  ami: text('image to boot [default: the newest Amazon Linux 2023]'),
  'worker-ami': text('image of workers, such as one that is set up already [default: --ami]'),
  'volume-size': text(`GiB per disk, from 8 to 16384 [default: ${volumeSize}]`),
  'worker-volume-size': text('GiB per disk of a worker [default: --volume-size]'),
  packages: text('packages to install on each worker, separated by commas; an empty value: none'),
  setup: text(
    'a script that each worker runs once, as root, before its first task; an empty value: none',
  ),
  'setup-timeout': text(
    `how long packages and script may take [default: ${formatDuration(defaultSetupTimeoutMs)}]`,
  ),
  ttl: text('time after which all machines terminate by themselves, at least 10m', 'TM_TTL'),
  'permissions-boundary': text(
    "ARN of a policy that limits the permissions of the nodes' role",
    'TM_PERMISSIONS_BOUNDARY',
  ),
  'security-group': text(
    'existing security group to use instead of creating one; tm does not change it',
    'TM_SECURITY_GROUP',
  ),
  'instance-profile': text(
    'existing instance profile to use instead of creating one',
    'TM_INSTANCE_PROFILE',
  ),
}

type Value = string | string[] | boolean | undefined
export type ChoiceFlags = { [Name in keyof typeof choiceFlags]?: Value }

const ttls = { min: 10 * 60_000, max: 30 * 24 * 3_600_000 }
const setupTimeouts = { min: 1000, max: 24 * 3_600_000 }

/** Only the flags that were given. Reports all problems at once. */
export function readChoices(flags: ChoiceFlags): Partial<Choices> {
  const choices: Partial<Choices> = {}
  const problems: string[] = []
  /** Reads one flag, if it was given. */
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
    const id = /^subnet-[0-9a-z]+(,subnet-[0-9a-z]+)*$/
    const list = splitList(given).join(',')
    choices.subnets = requirePattern('--subnet', list, id, 'an id such as subnet-0ab1').split(',')
  })
  read('allow-cidr', (given) => {
    choices.allowCidrs = readCidrs('--allow-cidr', given)
  })
  read('port', (given) => {
    choices.port = requirePort('--port', given, 1)
  })
  read('ami', (given) => {
    choices.ami = requireImage('--ami', given)
  })
  read('worker-ami', (given) => {
    choices.workerAmi = requireImage('--worker-ami', given)
  })
  read('volume-size', (given) => {
    choices.volumeSize = requireInteger('--volume-size', given, { min: 8, max: 16_384 })
  })
  read('worker-volume-size', (given) => {
    choices.workerVolumeSize = requireInteger('--worker-volume-size', given, {
      min: 8,
      max: 16_384,
    })
  })
  read('packages', (given) => {
    choices.packages = splitList(given)
    for (const name of choices.packages) {
      requirePattern('--packages', name, packageName, 'names such as gdal,jq')
    }
  })
  read('setup', (given) => {
    choices.setupScript = given === '' ? '' : readSetupScript(given)
  })
  read('setup-timeout', (given) => {
    choices.setupTimeout = readDuration('--setup-timeout', given, setupTimeouts)
  })
  read('ttl', (given) => {
    choices.ttl = readDuration('--ttl', given, ttls)
  })
  read('permissions-boundary', (given) => {
    const arn = /^arn:[\w-]+:iam::(\d{12}|aws):policy\/\S+$/
    choices.boundary = requirePattern('--permissions-boundary', given, arn, "a policy's ARN")
  })
  read('security-group', (given) => {
    const id = /^sg-[0-9a-f]+$/
    choices.securityGroup = requirePattern('--security-group', given, id, 'an id such as sg-0ab1')
  })
  read('instance-profile', (given) => {
    const name = /^[\w+=,.@-]{1,128}$/
    choices.instanceProfile = requirePattern(
      '--instance-profile',
      given,
      name,
      'a name, not an ARN',
    )
  })
  try {
    if (flags.tag !== undefined) choices.tags = readTags([flags.tag].flat().map(String))
  } catch (error) {
    if (!(error instanceof TmError)) throw error
    problems.push(error.message)
  }
  if (flags.spot !== undefined) choices.spot = flags.spot === true
  const fallback = flags['on-demand-fallback']
  if (fallback !== undefined) choices.onDemandFallback = fallback === true
  if (problems.length > 0) throw new TmError('invalid', problems.join('\n'))
  return choices
}

/** Addresses and blocks, separated by commas, in the form that EC2 returns. */
export function readCidrs(flag: string, given: string): string[] {
  const cidrs = splitList(given).map((one) => {
    try {
      return normalizeCidr(one)
    } catch (error) {
      if (!(error instanceof TmError)) throw error
      throw new TmError('invalid', `${flag}: ${error.message}`, {
        suggestions: [`One address: ${flag} 203.0.113.7/32`, `A block: ${flag} 10.0.0.0/16`],
      })
    }
  })
  if (cidrs.length === 0) throw new TmError('invalid', `${flag} names no address`)
  return [...new Set(cidrs)]
}

function readTypes(flag: string, given: string): string[] {
  const types = [...new Set(splitList(given))]
  const wanted = 'types such as t4g.small,t3.small'
  if (types.length === 0) throw invalidFlag(flag, wanted, given)
  for (const type of types) requirePattern(flag, type, /^[a-z0-9-]+\.[a-z0-9-]+$/, wanted)
  return types
}

function readDuration(flag: string, given: string, { min, max }: Range): number {
  const ms = parseDuration(given)
  if (ms !== undefined && ms >= min && ms <= max) return ms
  const range = `from ${formatDuration(min)} to ${formatDuration(max)}`
  throw invalidFlag(flag, `a duration such as 30m or 8h, ${range}`, given)
}

function requireImage(flag: string, given: string): string {
  return requirePattern(flag, given, /^ami-[0-9a-z]+$/, 'an id such as ami-0ab1')
}

function requirePattern(flag: string, given: string, pattern: RegExp, wanted: string): string {
  if (pattern.test(given)) return given
  throw invalidFlag(flag, wanted, given)
}

function invalidFlag(flag: string, wanted: string, given: string): TmError {
  return new TmError('invalid', `${flag} must be ${wanted}, not "${given.slice(0, 100)}"`)
}

function splitList(given: string): string[] {
  return given
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
}
