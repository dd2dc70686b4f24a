// What hangs on instances and can be left behind: interfaces, volumes, spot requests.

import { type Actions, ec2Arn, resourceTags } from '../action.ts'
import { AwsError } from '../errors.ts'
import type { Interface, SpotRequest, Volume, World } from '../state.ts'
import type { Xml } from '../xml.ts'
import { visibleInstances } from './find.ts'
import { chosen, FILTER, type Fields, filtered, PAGE, paged, tagSet } from './list.ts'
import { renderGroups } from './render.ts'

const interfaceFields: Fields<Interface> = {
  'attachment.instance-id': ({ instanceId }) => instanceId,
  'group-id': ({ groupIds }) => groupIds,
  'network-interface-id': ({ id }) => id,
  'private-ip-address': ({ privateIp }) => privateIp,
  status: ({ instanceId }) => (instanceId ? 'in-use' : 'available'),
  'subnet-id': ({ subnetId }) => subnetId,
  'vpc-id': ({ vpcId }) => vpcId,
}

const volumeFields: Fields<Volume> = {
  'attachment.instance-id': ({ instanceId, attached }) => (attached ? instanceId : undefined),
  encrypted: ({ encrypted }) => encrypted,
  status: ({ attached }) => (attached ? 'in-use' : 'available'),
  'volume-id': ({ id }) => id,
}

const spotFields: Fields<SpotRequest> = {
  'instance-id': ({ instanceId }) => instanceId,
  'spot-instance-request-id': ({ id }) => id,
  state: ({ state }) => state,
  'status-code': ({ status }) => status,
}

export const attachedActions: Actions = {
  DescribeNetworkInterfaces: {
    takes: ['NetworkInterfaceId', 'DryRun', ...FILTER, ...PAGE],
    run({ world, params, allow, dryRun }) {
      allow('ec2:DescribeNetworkInterfaces')
      dryRun()
      const visible = new Set(visibleInstances(world).map(({ interfaceId }) => interfaceId))
      const all = [...world.interfaces.values()].filter(
        ({ id, instanceId }) => instanceId === undefined || visible.has(id),
      )
      const named = chosen(
        params.list('NetworkInterfaceId'),
        all,
        ({ id }) => id,
        (ids) => absent('InvalidNetworkInterfaceID.NotFound', 'networkInterface', ids),
      )
      const left = filtered(params, named, interfaceFields, ({ tags }) => tags)
      const page = paged(world, 'DescribeNetworkInterfaces', params, left, 5)
      const networkInterfaceSet = page.items.map((one) => renderInterface(world, one))
      return { networkInterfaceSet, nextToken: page.nextToken }
    },
  },

  DescribeVolumes: {
    takes: ['VolumeId', 'DryRun', ...FILTER, ...PAGE],
    run({ world, params, allow, dryRun }) {
      allow('ec2:DescribeVolumes')
      dryRun()
      const all = [...world.volumes.values()]
      const named = chosen(
        params.list('VolumeId'),
        all,
        ({ id }) => id,
        (ids) => absent('InvalidVolume.NotFound', 'volume', ids),
      )
      const left = filtered(params, named, volumeFields, ({ tags }) => tags)
      const page = paged(world, 'DescribeVolumes', params, left, 5)
      return { volumeSet: page.items.map(renderVolume), nextToken: page.nextToken }
    },
  },

  DeleteVolume: {
    takes: ['VolumeId', 'DryRun'],
    run({ world, params, allow, dryRun }) {
      const id = params.need('VolumeId')
      const volume = world.volumes.get(id)
      allow('ec2:DeleteVolume', [
        { arn: ec2Arn(world, 'volume', id), keys: resourceTags(volume?.tags) },
      ])
      if (!volume) throw absent('InvalidVolume.NotFound', 'volume', [id])
      if (volume.attached) {
        throw new AwsError('VolumeInUse', `Volume ${id} is currently attached`)
      }
      dryRun()
      world.volumes.delete(id)
      return { return: true }
    },
  },

  DescribeSpotInstanceRequests: {
    takes: ['SpotInstanceRequestId', 'DryRun', ...FILTER, ...PAGE],
    run({ world, params, allow, dryRun }) {
      allow('ec2:DescribeSpotInstanceRequests')
      dryRun()
      const all = [...world.spotRequests.values()]
      const named = chosen(
        params.list('SpotInstanceRequestId'),
        all,
        ({ id }) => id,
        (ids) => absent('InvalidSpotInstanceRequestID.NotFound', 'spot instance request', ids),
      )
      const left = filtered(params, named, spotFields, ({ tags }) => tags)
      const page = paged(world, 'DescribeSpotInstanceRequests', params, left, 5)
      return { spotInstanceRequestSet: page.items.map(renderSpot), nextToken: page.nextToken }
    },
  },
}

function absent(code: string, what: string, ids: readonly string[]): AwsError {
  return new AwsError(code, `The ${what} ID '${ids.join(', ')}' does not exist`)
}

function renderInterface(world: World, one: Interface): Xml {
  const instance = world.instances.get(one.instanceId ?? '')
  return {
    networkInterfaceId: one.id,
    subnetId: one.subnetId,
    vpcId: one.vpcId,
    availabilityZone: one.zone,
    description: '',
    ownerId: world.options.account,
    requesterManaged: false,
    status: one.instanceId ? 'in-use' : 'available',
    privateIpAddress: one.privateIp,
    groupSet: renderGroups(world, one.groupIds),
    ...(one.instanceId && {
      attachment: {
        attachmentId: one.id.replace('eni', 'eni-attach'),
        instanceId: one.instanceId,
        deviceIndex: 0,
        status: 'attached',
        deleteOnTermination: true,
      },
    }),
    ...(instance?.publicIp && { association: { publicIp: instance.publicIp } }),
    tagSet: tagSet(one.tags),
    interfaceType: 'interface',
  }
}

function renderVolume(volume: Volume): Xml {
  const { id, instanceId, deviceName, deleteOnTermination } = volume
  return {
    volumeId: id,
    size: volume.size,
    status: volume.attached ? 'in-use' : 'available',
    createTime: volume.created,
    attachmentSet: volume.attached
      ? [{ volumeId: id, instanceId, device: deviceName, status: 'attached', deleteOnTermination }]
      : [],
    tagSet: tagSet(volume.tags),
    volumeType: volume.type,
    encrypted: volume.encrypted,
  }
}

function renderSpot(request: SpotRequest): Xml {
  return {
    spotInstanceRequestId: request.id,
    type: 'one-time',
    state: request.state,
    status: { code: request.status },
    instanceId: request.instanceId,
    createTime: request.created,
    tagSet: tagSet(request.tags),
  }
}
