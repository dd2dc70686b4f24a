// What a launch needs to be allowed, resource by resource: "Launch instances (RunInstances)" in
// "Example policies to control access the Amazon EC2 API", and the service's table of actions.

import { type Context, ec2Arn, type Resource, requestTags, resourceTags } from '../action.ts'
import type { Keys } from '../policy/evaluate.ts'
import type { Profile, World } from '../state.ts'
import type { LaunchSpec } from './launch-spec.ts'

export function allowLaunch({ world, allow }: Context, spec: LaunchSpec): void {
  const profile = spec.profile && world.profiles.get(spec.profile.name)
  allow('ec2:RunInstances', launchResources(world, spec, profile))
  for (const [kind, tags] of spec.tags) {
    const keys = { ...requestTags(tags), 'ec2:CreateAction': 'RunInstances' }
    allow('ec2:CreateTags', [{ arn: ec2Arn(world, kind, '*'), keys }])
  }
  const role = profile?.role === undefined ? undefined : world.roles.get(profile.role)
  if (role) {
    const keys = { 'iam:PassedToService': 'ec2.amazonaws.com' }
    allow('iam:PassRole', [{ arn: role.arn, keys }])
  }
}

function launchResources(world: World, spec: LaunchSpec, profile: Profile | undefined): Resource[] {
  const arn = (kind: string, id: string) => ec2Arn(world, kind, id)
  const tags = (kind: string) => requestTags(spec.tags.get(kind))
  const vpc: Keys = { 'ec2:Vpc': spec.vpc && arn('vpc', spec.vpc.id) }
  const place: Keys = { 'ec2:AvailabilityZone': spec.subnets[0]?.zone }
  const market: Keys = { 'ec2:InstanceMarketType': spec.spot ? 'spot' : 'on-demand' }
  const instance: Keys = {
    ...market,
    ...place,
    'ec2:InstanceType': spec.typeName,
    'ec2:InstanceProfile': spec.profile && profileArn(world, spec.profile, profile),
    'ec2:MetadataHttpTokens': spec.metadata.tokens,
    'ec2:MetadataHttpPutResponseHopLimit': String(spec.metadata.hopLimit),
    'ec2:MetadataHttpEndpoint': spec.metadata.endpoint,
    'ec2:RootDeviceType': 'ebs',
    'ec2:Tenancy': 'default',
  }
  const image: Keys = {
    'ec2:ImageID': spec.imageId,
    'ec2:ImageType': 'machine',
    'ec2:Owner': spec.image && (spec.image.ownerAlias ?? spec.image.owner),
    'ec2:Public': spec.image && 'true',
    'ec2:RootDeviceType': 'ebs',
  }
  const subnet = spec.subnets[0]
  const subnetId = spec.subnetId ?? subnet?.id ?? '*'
  return [
    { arn: arn('image', spec.imageId), keys: image },
    {
      arn: arn('subnet', subnetId),
      keys: { ...vpc, ...place, 'ec2:SubnetID': subnetId },
    },
    {
      arn: arn('network-interface', '*'),
      keys: {
        ...vpc,
        ...place,
        ...tags('network-interface'),
        'ec2:Subnet': arn('subnet', subnetId),
        'ec2:AssociatePublicIpAddress': spec.publicAddress?.toString(),
      },
    },
    ...spec.groupIds.map((id) => ({
      arn: arn('security-group', id),
      keys: {
        ...vpc,
        ...resourceTags(spec.groups.find((group) => group.id === id)?.tags),
        'ec2:SecurityGroupID': id,
      },
    })),
    ...spec.volumes.map((volume) => ({
      arn: arn('volume', '*'),
      keys: {
        ...place,
        ...tags('volume'),
        'ec2:Encrypted': String(volume.encrypted),
        'ec2:VolumeSize': String(volume.size),
        'ec2:VolumeType': volume.type,
      },
    })),
    ...(spec.keyName ? [{ arn: arn('key-pair', spec.keyName) }] : []),
    // The strict reading: every spot launch needs the request as a resource, tagged or not.
    ...(spec.spot
      ? [
          {
            arn: arn('spot-instances-request', '*'),
            keys: { ...market, ...tags('spot-instances-request') },
          },
        ]
      : []),
    { arn: arn('instance', '*'), keys: { ...instance, ...tags('instance') } },
  ]
}

function profileArn(
  world: World,
  { by, given }: NonNullable<LaunchSpec['profile']>,
  profile: Profile | undefined,
): string {
  if (by === 'arn') return given
  return profile?.arn ?? `arn:aws:iam::${world.options.account}:instance-profile/${given}`
}
