// Instances as EC2 shows them: what belongs to the network disappears with termination.

import type { Instance, InstanceState, World } from '../state.ts'
import type { Xml } from '../xml.ts'
import { tagSet } from './list.ts'

const codes: Record<InstanceState, number> = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
}

export function stateOf(state: InstanceState): Xml {
  return { code: codes[state], name: state }
}

export function renderReservation(world: World, instances: readonly Instance[]) {
  return {
    reservationId: instances[0]?.reservationId,
    ownerId: world.options.account,
    groupSet: [],
    instancesSet: instances.map((one) => renderInstance(world, one)),
  }
}

function renderInstance(world: World, instance: Instance): Xml {
  const { id, image, type, metadata, profile, state } = instance
  const gone = state === 'terminated'
  const host = (address: string) => address.replaceAll('.', '-')
  return {
    instanceId: id,
    imageId: image.id,
    instanceState: stateOf(state),
    privateDnsName: gone ? '' : `ip-${host(instance.privateIp)}.ec2.internal`,
    dnsName: instance.publicIp ? `ec2-${host(instance.publicIp)}.compute-1.amazonaws.com` : '',
    reason: instance.transitionReason,
    amiLaunchIndex: instance.launchIndex,
    productCodes: [],
    instanceType: type.name,
    launchTime: instance.launchTime,
    placement: { availabilityZone: instance.zone, groupName: '', tenancy: 'default' },
    monitoring: { state: 'disabled' },
    ...(gone ? {} : network(world, instance)),
    ...(instance.stateReason && { stateReason: instance.stateReason }),
    architecture: image.architecture,
    rootDeviceType: 'ebs',
    rootDeviceName: image.rootDeviceName,
    blockDeviceMapping: instance.volumeIds.flatMap((volumeId) => {
      const volume = world.volumes.get(volumeId)
      if (!volume || gone) return []
      const { deviceName, deleteOnTermination, created } = volume
      const ebs = { volumeId, status: 'attached', attachTime: created, deleteOnTermination }
      return [{ deviceName, ebs }]
    }),
    virtualizationType: 'hvm',
    clientToken: instance.clientToken ?? '',
    tagSet: tagSet(instance.tags),
    hypervisor: 'xen',
    ...(profile && { iamInstanceProfile: { arn: profile.arn, id: profile.id } }),
    cpuOptions: { coreCount: type.vcpus, threadsPerCore: 1 },
    ebsOptimized: false,
    enaSupport: true,
    ...(instance.spotRequestId && {
      instanceLifecycle: 'spot',
      spotInstanceRequestId: instance.spotRequestId,
    }),
    metadataOptions: {
      state: state === 'pending' ? 'pending' : 'applied',
      httpTokens: metadata.tokens,
      httpPutResponseHopLimit: metadata.hopLimit,
      httpEndpoint: metadata.endpoint,
      httpProtocolIpv6: 'disabled',
      instanceMetadataTags: metadata.tags,
    },
    platformDetails: 'Linux/UNIX',
    usageOperation: 'RunInstances',
  }
}

function network(world: World, instance: Instance) {
  const { account } = world.options
  const { privateIp, publicIp, subnetId, vpcId } = instance
  const groupSet = renderGroups(world, instance.groupIds)
  const association = publicIp && { association: { publicIp, ipOwnerId: 'amazon' } }
  return {
    subnetId,
    vpcId,
    privateIpAddress: privateIp,
    ...(publicIp && { ipAddress: publicIp }),
    sourceDestCheck: true,
    groupSet,
    networkInterfaceSet: [
      {
        networkInterfaceId: instance.interfaceId,
        subnetId,
        vpcId,
        description: '',
        ownerId: account,
        status: 'in-use',
        privateIpAddress: privateIp,
        sourceDestCheck: true,
        groupSet,
        ...association,
        attachment: {
          attachmentId: instance.interfaceId.replace('eni', 'eni-attach'),
          deviceIndex: 0,
          status: 'attached',
          attachTime: instance.launchTime,
          deleteOnTermination: true,
        },
        privateIpAddressesSet: [{ privateIpAddress: privateIp, primary: true, ...association }],
        interfaceType: 'interface',
      },
    ],
  }
}

export function renderGroups(world: World, ids: readonly string[]): Xml {
  return ids.map((groupId) => ({ groupId, groupName: world.groups.get(groupId)?.name ?? '' }))
}
