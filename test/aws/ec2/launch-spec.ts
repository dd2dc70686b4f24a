// Reads a RunInstances request into what is to be launched: what is named may still not exist
// (`launch-checks.ts` says so, after permissions were looked at).

import { AwsError } from '../errors.ts'
import type { Params } from '../query.ts'
import type { Group, Tags, World } from '../state.ts'
import { visibleGroups } from './find.ts'
import type { Image } from './images.ts'
import type { Subnet, Vpc } from './network.ts'
import { specifiedTags, TAGS } from './tag-rules.ts'
import type { InstanceType } from './types.ts'

export const launchParameters = [
  ...['ImageId', 'InstanceType', 'MinCount', 'MaxCount', 'ClientToken', 'DryRun', 'UserData'],
  ...['KeyName', 'EbsOptimized', 'SubnetId', 'SecurityGroupId', 'Monitoring.Enabled'],
  ...['Placement.AvailabilityZone', 'Placement.Tenancy', 'CreditSpecification.CpuCredits'],
  ...['IamInstanceProfile.Name', 'IamInstanceProfile.Arn', 'InstanceInitiatedShutdownBehavior'],
  ...['HttpTokens', 'HttpPutResponseHopLimit', 'HttpEndpoint', 'InstanceMetadataTags'].map(
    (name) => `MetadataOptions.${name}`,
  ),
  ...['DeviceIndex', 'SubnetId', 'SecurityGroupId', 'AssociatePublicIpAddress'].map(
    (name) => `NetworkInterface.${name}`,
  ),
  ...['DeleteOnTermination', 'Description'].map((name) => `NetworkInterface.${name}`),
  'BlockDeviceMapping.DeviceName',
  ...['VolumeSize', 'VolumeType', 'Encrypted', 'DeleteOnTermination', 'Iops', 'Throughput'].map(
    (name) => `BlockDeviceMapping.Ebs.${name}`,
  ),
  'InstanceMarketOptions.MarketType',
  ...['SpotInstanceType', 'InstanceInterruptionBehavior', 'MaxPrice'].map(
    (name) => `InstanceMarketOptions.SpotOptions.${name}`,
  ),
  ...TAGS,
]

export interface LaunchSpec {
  imageId: string
  image: Image | undefined
  typeName: string
  type: InstanceType | undefined
  min: number
  max: number
  clientToken: string | undefined
  subnetId: string | undefined
  /** The subnets that will do: the one asked for, or the default ones. */
  subnets: readonly Subnet[]
  vpc: Vpc | undefined
  groupIds: readonly string[]
  groups: readonly Group[]
  publicAddress: boolean | undefined
  profile: { name: string; by: 'name' | 'arn'; given: string } | undefined
  userData: string | undefined
  keyName: string | undefined
  spot: { persistent: boolean } | undefined
  shutdownBehavior: 'stop' | 'terminate'
  metadata: { tokens: 'optional' | 'required'; hopLimit: number; endpoint: string; tags: string }
  volumes: readonly VolumeSpec[]
  tags: ReadonlyMap<string, Tags>
}

export interface VolumeSpec {
  deviceName: string
  size: number
  type: string
  encrypted: boolean
  deleteOnTermination: boolean
}

const taggable = ['instance', 'volume', 'network-interface', 'spot-instances-request']

export function readLaunch(world: World, params: Params): LaunchSpec {
  const { images, types } = world.options
  const imageId = params.need('ImageId')
  // EC2's own default; t-types of today are always named.
  const typeName = params.text('InstanceType') ?? 'm1.small'
  const image = images.find(({ id }) => id === imageId)
  const network = readNetwork(params)
  const groups = visibleGroups(world)
  const subnets = possibleSubnets(world, params, network.subnetId)
  const vpc = world.network.vpcs.find(({ id }) => id === subnets[0]?.vpcId)
  const groupIds =
    network.groupIds.length > 0
      ? network.groupIds
      : groups.filter((one) => one.vpcId === vpc?.id && one.name === 'default').map(({ id }) => id)
  const metadata = params.object('MetadataOptions')
  return {
    imageId,
    image,
    typeName,
    type: types.find(({ name }) => name === typeName),
    min: params.number('MinCount') ?? Number.NaN,
    max: params.number('MaxCount') ?? Number.NaN,
    clientToken: params.text('ClientToken'),
    subnetId: network.subnetId,
    subnets,
    vpc,
    groupIds,
    groups: groups.filter(({ id }) => groupIds.includes(id)),
    publicAddress: network.publicAddress,
    profile: readProfile(params),
    userData: params.text('UserData'),
    keyName: params.text('KeyName'),
    spot: readSpot(params),
    shutdownBehavior:
      params.oneOf('InstanceInitiatedShutdownBehavior', ['stop', 'terminate']) ?? 'stop',
    metadata: {
      // AL2023 images ask for IMDSv2 themselves (ImdsSupport v2.0).
      tokens:
        metadata?.oneOf('HttpTokens', ['optional', 'required']) ??
        (image?.name.startsWith('al2023') ? 'required' : 'optional'),
      hopLimit: metadata?.number('HttpPutResponseHopLimit') ?? 2,
      endpoint: metadata?.oneOf('HttpEndpoint', ['enabled', 'disabled']) ?? 'enabled',
      tags: metadata?.oneOf('InstanceMetadataTags', ['enabled', 'disabled']) ?? 'disabled',
    },
    volumes: readVolumes(params, image?.rootDeviceName ?? '/dev/xvda'),
    tags: specifiedTags(params, taggable),
  }
}

/** Subnet and groups stand either on the instance or on its interface, never on both. */
function readNetwork(params: Params) {
  const subnetId = params.text('SubnetId')
  const groupIds = params.list('SecurityGroupId')
  const [nic, another] = params.objects('NetworkInterface')
  if (!nic) return { subnetId, groupIds, publicAddress: undefined }
  if (another || nic.number('DeviceIndex') !== 0) {
    throw new AwsError('InvalidParameterValue', 'The stand-in takes one interface, device index 0')
  }
  if (subnetId || groupIds.length > 0) {
    const what = subnetId ? 'subnet ID' : 'security groups'
    throw new AwsError(
      'InvalidParameterCombination',
      `Network interfaces and an instance-level ${what} may not be specified on the same request`,
    )
  }
  return {
    subnetId: nic.text('SubnetId'),
    groupIds: nic.list('SecurityGroupId'),
    publicAddress: nic.flag('AssociatePublicIpAddress'),
  }
}

function possibleSubnets(world: World, params: Params, subnetId: string | undefined): Subnet[] {
  const { subnets } = world.network
  if (subnetId) return subnets.filter(({ id }) => id === subnetId)
  const zone = params.object('Placement')?.text('AvailabilityZone')
  return subnets.filter((one) => one.isDefault && (!zone || one.zone === zone))
}

function readProfile(params: Params): LaunchSpec['profile'] {
  const profile = params.object('IamInstanceProfile')
  const name = profile?.text('Name')
  const arn = profile?.text('Arn')
  if (name && arn) {
    throw new AwsError(
      'InvalidParameterCombination',
      "The parameter 'iamInstanceProfile.name' may not be used in combination with " +
        "'iamInstanceProfile.arn'",
    )
  }
  if (name) return { name, by: 'name', given: name }
  return arn ? { name: arn.split('/').at(-1) ?? '', by: 'arn', given: arn } : undefined
}

function readSpot(params: Params): LaunchSpec['spot'] {
  const market = params.object('InstanceMarketOptions')
  if (!market?.oneOf('MarketType', ['spot'])) return undefined
  const type = market.object('SpotOptions')?.oneOf('SpotInstanceType', ['one-time', 'persistent'])
  return { persistent: type === 'persistent' }
}

function readVolumes(params: Params, root: string): VolumeSpec[] {
  const given = params.objects('BlockDeviceMapping').map((mapping) => {
    const deviceName = mapping.need('DeviceName')
    const ebs = mapping.object('Ebs')
    return {
      deviceName,
      size: ebs?.number('VolumeSize') ?? 8,
      type: ebs?.text('VolumeType') ?? 'gp3',
      encrypted: ebs?.flag('Encrypted') ?? false,
      // True for the root volume, false for others ("Preserve data when an instance is
      // terminated", EC2 User Guide).
      deleteOnTermination: ebs?.flag('DeleteOnTermination') ?? deviceName === root,
    }
  })
  if (given.some(({ deviceName }) => deviceName === root)) return given
  const image = { size: 8, type: 'gp3', encrypted: false, deleteOnTermination: true }
  return [{ deviceName: root, ...image }, ...given]
}
