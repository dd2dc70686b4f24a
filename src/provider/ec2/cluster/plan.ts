/** What `tm up` will create on EC2 and what it costs, shown before anything is created. Pure. */

import { formatDuration } from '../../../core/duration.ts'
import { withDefaults } from '../../../core/settings.ts'
import { describeSetup, type Setup } from '../../../core/setup.ts'
import type { Choices } from '../../../state/cluster-record.ts'
import type { LostNode } from '../../cluster.ts'
import { groupName, roleName } from '../aws/tags.ts'
import { diskSize, type Images } from '../machines/image.ts'
import type { Ec2Machine } from '../machines/instances.ts'
import {
  creditPriceOf,
  type Estimate,
  estimate,
  type PricedType,
  priceOf,
  spotPriceOf,
} from '../machines/prices.ts'
import type { SpotPrices } from '../machines/spot-prices.ts'
import type { TypeFacts } from '../machines/types.ts'
import { nodePort, setupOf } from './choices.ts'
import { idleNote } from './idle-note.ts'
import type { Survey } from './survey.ts'

export interface PlanOptions {
  cluster: string
  survey: Survey
  ids: string[]
  /** Nodes that exist already. */
  present: Ec2Machine[]
  /** Nodes whose instances are gone. */
  lost: LostNode[]
  choices: Choices
  cidrs: string[]
  /** What there is to say about the vCPU quotas. */
  quotas: string[]
  diskKey: string | undefined
  /** Undefined without spot. */
  spotPrices: SpotPrices | undefined
}

export interface Plan {
  cluster: string
  region: string
  account: string
  /** With the instance, if it already exists. */
  nodes: { id: string; instance: string | undefined; stopped?: boolean }[]
  /** What was only on their disks is lost. */
  lost: LostNode[]
  maxWorkers: number
  /** Milliseconds after which the machines end by themselves. */
  ttl?: number
  cidrs: string[]
  port: number
  /** The name of the group that tm makes, or the id of the one that was named. */
  group: string
  /** Whether the group is tm's: its rules are set by tm, and it goes with the cluster. */
  ownGroup: boolean
  /** Undefined if an instance profile was named. */
  role: string | undefined
  profile: string
  vpc: string
  /** Of all machines. The operator reaches private ones by VPN or from inside the VPC. */
  addresses: 'public' | 'private'
  /** US dollars an hour, estimated; undefined where a price is not known. */
  hourly: { now: number | undefined; atMost: number | undefined }
  lines: Estimate['lines']
  notes: string[]
}

export function planOf(options: PlanOptions): Plan {
  const { cluster, survey, ids, present, lost, choices, cidrs } = options
  const { region, account } = survey.identity
  const { isPublic } = survey.network
  const settings = withDefaults(choices.settings)
  const { maxWorkers, commands } = settings
  const workers = ids.length * maxWorkers
  const { workerVolumeSize = choices.volumeSize } = choices
  const setup = setupOf(choices)
  const cost = (pick: (types: TypeFacts[]) => TypeFacts | undefined, { spot } = choices) =>
    estimate({
      region,
      nodes: ids.length,
      workers,
      node: pricedType(pick(survey.nodeTypes), choices.volumeSize, survey.images),
      worker: pricedType(pick(survey.workerTypes), workerVolumeSize, survey.workerImages),
      publicAddresses: isPublic ? ids.length * (1 + maxWorkers) : 0,
      spot,
      spotPrices: options.spotPrices,
    })
  const wanted = cost(([first]) => first)
  const fallback = choices.spot && choices.onDemandFallback === true
  const onSpot = choices.spot && !fallback
  const priceAs = onSpot ? (type: string) => spotPriceOf(type, options.spotPrices) : priceOf
  const { most } = cost((types) => mostExpensive(types, priceAs), { ...choices, spot: onSpot })
  const node = (id: string) => {
    const { instance, state } = present.find((one) => one.id === id) ?? {}
    return { id, instance, ...(state === 'stopped' ? { stopped: true } : {}) }
  }
  return {
    cluster,
    region,
    account,
    nodes: ids.map(node),
    lost,
    maxWorkers,
    ...(choices.ttl === undefined ? {} : { ttl: choices.ttl }),
    cidrs,
    port: choices.port ?? nodePort,
    group: choices.securityGroup ?? groupName(cluster),
    ownGroup: choices.securityGroup === undefined,
    role: choices.instanceProfile ? undefined : roleName(region, cluster),
    profile: choices.instanceProfile ?? roleName(region, cluster),
    vpc: survey.network.vpc,
    addresses: isPublic ? 'public' : 'private',
    hourly: { now: wanted.least, atMost: most },
    lines: wanted.lines,
    notes: [
      ...wanted.notes,
      ...elsewhere(survey),
      ...idleNote(settings, { workers, hourly: wanted.workers }),
      ...(choices.ttl === undefined ? [forgottenNote] : []),
      ...(commands === 1 ? [commandsNote] : []),
      ...(setup ? [setupNote(setup)] : []),
      ...(isPublic ? [] : [privateNote]),
      ...(fallback ? ['The maximum counts workers on demand, where spot has no capacity'] : []),
      ...options.quotas,
      ...(options.diskKey ? [keyNote(options.diskKey, choices)] : []),
    ],
  }
}

const forgottenNote =
  'Without --ttl a node ends when no command has asked it for a day, but not while a task waits or runs there, or a result was never pulled'

const commandsNote =
  'Whoever has the admin token runs programs on the workers (tm run); --no-commands refuses them'

function setupNote(setup: Setup): string {
  const { timeout } = setup
  return `Each worker first sets itself up, as root, in at most ${formatDuration(timeout)}, and is charged meanwhile: ${describeSetup(setup)}`
}

const privateNote =
  'Machines get private addresses only: you have to reach them by VPN or from inside the VPC. Their way out (such as a NAT gateway) is not in the estimate'

/** Without the rights machines end at their start, and EC2 does not say why. */
function keyNote(key: string, { instanceProfile }: Choices): string {
  const who = instanceProfile
    ? `you and the role in ${instanceProfile} need the rights of disk-key.json`
    : 'you need the rights of disk-key.json (nodes get them)'
  return `Disks are encrypted with KMS key ${key}: ${who}, and its key policy has to allow IAM policies`
}

/** With the disk that its image needs. */
function pricedType(facts: TypeFacts | undefined, volumeSize: number, images: Images): PricedType {
  const { type, vcpus, architecture } = facts ?? { type: '', vcpus: 0, architecture: 'arm64' }
  const image = images[architecture]
  return { type, vcpus, disk: image ? diskSize(image, volumeSize) : volumeSize }
}

/** The most expensive type, in case the preferred ones lack capacity; unknown prices count most. */
function mostExpensive(
  types: TypeFacts[],
  hourly: (type: string) => number | undefined,
): TypeFacts | undefined {
  const price = ({ type, vcpus }: TypeFacts) =>
    (hourly(type) ?? Number.POSITIVE_INFINITY) + vcpus * (creditPriceOf(type) ?? 0)
  return types.toSorted((a, b) => price(b) - price(a))[0]
}

function elsewhere({ nodeTypes, workerTypes }: Survey): string[] {
  const others = [nodeTypes, workerTypes]
    .map((types) => types.map(({ type }) => type))
    .filter((types) => types.length > 1)
    .map(([first, ...rest]) => `${rest.join(' or ')} where AWS has no capacity for ${first}`)
  return others.length > 0
    ? [`The maximum counts the most expensive type: ${others.join('; ')}`]
    : []
}
