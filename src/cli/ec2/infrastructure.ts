/**
 * The steps of `tm up` on AWS before the first machine: a survey that makes nothing (all that
 * `--dry-run` needs), then the security group, role, policy and profile.
 */
import { TmError } from '../../core/errors.ts'
import type { Aws } from '../../provider/ec2/clients.ts'
import { ensureGroup } from '../../provider/ec2/group.ts'
import type { Identity } from '../../provider/ec2/identity.ts'
import { whoAmI } from '../../provider/ec2/identity.ts'
import { findImage, findImages, fitting, type Images } from '../../provider/ec2/image.ts'
import type { Intents } from '../../provider/ec2/intents.ts'
import { findNetwork, type Network } from '../../provider/ec2/network.ts'
import type { Pace } from '../../provider/ec2/pace.ts'
import { ensureRole, ensureSpotRole, roleOfProfile } from '../../provider/ec2/role.ts'
import type { Shape } from '../../provider/ec2/run-input.ts'
import { describeTypes, type TypeFacts } from '../../provider/ec2/types.ts'
import type { MachineKind } from '../../provider/provider.ts'
import type { Reporter } from '../progress.ts'

export interface Site {
  aws: Aws
  cluster: string
  pace: Pace
  reporter: Reporter
}

export interface SurveyOptions extends Site {
  /** Throws where it is somebody else than it should be. */
  check?: (identity: Identity) => void
  subnet?: string
  ami?: string
  /** In this order of preference: the next is taken where the first has no room. */
  nodeTypes: string[]
  workerTypes: string[]
}

/** What is there already; nothing has been made. */
export interface Survey {
  identity: Identity
  network: Network
  nodeTypes: TypeFacts[]
  workerTypes: TypeFacts[]
  images: Images
}

export async function survey(options: SurveyOptions): Promise<Survey> {
  const { aws, pace, reporter, subnet, ami } = options
  const identity = await reporter.step('credentials and account', async (note) => {
    const found = await whoAmI(aws, pace)
    note(`${found.arn}, account ${found.account}, ${found.region}`)
    options.check?.(found)
    return found
  })
  const network = await reporter.step('network', async (note) => {
    const found = await findNetwork(aws, subnet ? { subnet } : {}, pace)
    note(`${found.vpc}, ${found.subnets.map(({ zone }) => zone).join(', ')}`)
    return found
  })
  return await reporter.step('image', async (note) => {
    const names = [...new Set([...options.nodeTypes, ...options.workerTypes])]
    const facts = await describeTypes(aws, names, pace)
    const zones = network.subnets.map(({ zone }) => zone)
    const named = ami ? await findImage(aws, ami, pace) : undefined
    const usable = (types: string[]) => {
      const near = pick(types, facts, zones)
      return named ? fitting(named, near) : near
    }
    const nodeTypes = usable(options.nodeTypes)
    const workerTypes = usable(options.workerTypes)
    const images = named
      ? { [named.architecture]: named }
      : await findImages(aws, { types: [...nodeTypes, ...workerTypes] }, pace)
    note(
      Object.values(images)
        .map(({ id, name }) => `${id} (${name})`)
        .join(', '),
    )
    return { identity, network, nodeTypes, workerTypes, images }
  })
}

export interface InfrastructureOptions extends Site {
  survey: Survey
  port: number
  /** The operator's addresses; the only ones that get in from outside. */
  cidrs: string[]
  intents: Intents
  spot: boolean
  /** Without one, workers need a NAT gateway to get Node. */
  workerAddresses: boolean
  /** GiB */
  volumeSize: number
  boundary?: string
  /** One that there is, in place of a role of our own: then no IAM right is needed but PassRole. */
  instanceProfile?: string
}

export interface Infrastructure {
  identity: Identity
  group: string
  profile: string
  /** Its role, by which nodes prove themselves. */
  role: string
  shapes: Record<MachineKind, Shape>
}

/** Completes what is there; the same again changes nothing. */
export async function ensureInfrastructure(
  options: InfrastructureOptions,
): Promise<Infrastructure> {
  const { aws, cluster, pace, reporter, intents, spot } = options
  const { identity, network, images, nodeTypes, workerTypes } = options.survey
  const group = await reporter.step('security group', async (note) => {
    await intents.begin({ slot: 'group', attempt: 0 })
    const { port, cidrs } = options
    const made = await ensureGroup(aws, { cluster, vpc: network.vpc, port, cidrs }, pace)
    await intents.done('group', made.id)
    note(
      [
        made.id,
        ...made.opened.map((one) => `open ${one}`),
        ...made.closed.map((one) => `closed ${one}`),
      ].join(', '),
    )
    return made.id
  })
  const { profile, role } = await reporter.step('role, policy, profile', async (note) => {
    const made = await profileAndRole(options, group)
    if (spot) await ensureSpotRole(aws, pace)
    note(made.profile)
    return made
  })
  const common = { images, subnets: network.subnets, group, volumeSize: options.volumeSize }
  const shapes = {
    node: { ...common, types: nodeTypes, profile, publicAddress: true, spot: false },
    worker: { ...common, types: workerTypes, publicAddress: options.workerAddresses, spot },
  }
  return { identity, group, profile, role, shapes }
}

async function profileAndRole(options: InfrastructureOptions, group: string) {
  const { aws, pace, instanceProfile } = options
  if (instanceProfile !== undefined) {
    return { profile: instanceProfile, role: await roleOfProfile(aws, instanceProfile, pace) }
  }
  const name = await makeRole(options, group)
  return { profile: name, role: name }
}

async function makeRole(options: InfrastructureOptions, group: string): Promise<string> {
  const { aws, cluster, pace, intents, boundary } = options
  const { identity } = options.survey
  await intents.begin({ slot: 'role', attempt: 0 })
  const role = { cluster, identity, group, ...(boundary ? { boundary } : {}) }
  const name = await ensureRole(aws, role, pace)
  await intents.done('role', name)
  return name
}

/** Those of a list that the region has, best where a zone of ours offers them; never none. */
function pick(wanted: string[], facts: TypeFacts[], zones: string[]): TypeFacts[] {
  const found = wanted.flatMap((name) => facts.filter(({ type }) => type === name))
  const near = found.filter((type) => type.zones.some((zone) => zones.includes(zone)))
  if (near.length > 0) return near
  throw notHere(wanted, zones)
}

function notHere(types: string[], zones: string[]): TmError {
  const message = `No zone with a usable subnet (${zones.join(', ')}) has ${types.join(' or ')}`
  return new TmError('invalid', message, {
    suggestions: [
      'Name other types: --instance-type, --worker-type',
      'Or a subnet elsewhere: --subnet',
    ],
  })
}
