// Reading what the region offers: images, instance types, and which zone has which type.

import type { Actions } from '../action.ts'
import { AwsError } from '../errors.ts'
import type { World } from '../state.ts'
import { isOffered } from './capacity.ts'
import type { Image } from './images.ts'
import { chosen, FILTER, type Fields, filtered, PAGE, paged } from './list.ts'
import type { InstanceType } from './types.ts'

const imageFields: Fields<Image> = {
  architecture: ({ architecture }) => architecture,
  'creation-date': ({ created }) => created,
  description: ({ description }) => description,
  'image-id': ({ id }) => id,
  'image-type': () => 'machine',
  'is-public': () => true,
  name: ({ name }) => name,
  'owner-alias': ({ ownerAlias }) => ownerAlias,
  'owner-id': ({ owner }) => owner,
  'root-device-name': ({ rootDeviceName }) => rootDeviceName,
  'root-device-type': () => 'ebs',
  state: () => 'available',
  'virtualization-type': () => 'hvm',
}

const typeFields: Fields<InstanceType> = {
  'bare-metal': () => false,
  'burstable-performance-supported': ({ burstable }) => burstable,
  'current-generation': () => true,
  'instance-type': ({ name }) => name,
  'memory-info.size-in-mib': ({ memoryMiB }) => memoryMiB,
  'processor-info.supported-architecture': ({ architecture }) => architecture,
  'vcpu-info.default-vcpus': ({ vcpus }) => vcpus,
}

interface Offering {
  instanceType: string
  locationType: string
  location: string
}

const offeringFields: Fields<Offering> = {
  'instance-type': ({ instanceType }) => instanceType,
  location: ({ location }) => location,
}

export const catalogActions: Actions = {
  GetEbsDefaultKmsKeyId: {
    takes: ['DryRun'],
    run({ world, allow, dryRun }) {
      allow('ec2:GetEbsDefaultKmsKeyId')
      dryRun()
      return { kmsKeyId: world.options.diskKey ?? 'alias/aws/ebs' }
    },
  },

  // One price a type and zone: the one that holds now (with StartTime at this moment).
  DescribeSpotPriceHistory: {
    takes: ['InstanceType', 'ProductDescription', 'StartTime', 'DryRun', ...PAGE],
    run({ world, params, allow, dryRun }) {
      allow('ec2:DescribeSpotPriceHistory')
      dryRun()
      const { spotPrices, region } = world.options
      const found = params.list('InstanceType').flatMap((instanceType) =>
        Object.entries(spotPrices[instanceType] ?? {}).map(([zone, spotPrice]) => ({
          instanceType,
          productDescription: params.list('ProductDescription')[0] ?? 'Linux/UNIX',
          spotPrice: String(spotPrice),
          timestamp: new Date(world.clock.now()),
          availabilityZone: `${region}${zone}`,
        })),
      )
      const page = paged(world, 'DescribeSpotPriceHistory', params, found, 1)
      return { spotPriceHistorySet: page.items, nextToken: page.nextToken }
    },
  },

  DescribeImages: {
    takes: ['ImageId', 'Owner', 'IncludeDeprecated', 'DryRun', ...FILTER, ...PAGE],
    run({ world, params, allow, dryRun }) {
      allow('ec2:DescribeImages')
      dryRun()
      const { images, account } = world.options
      const named = chosen(
        params.list('ImageId'),
        images,
        ({ id }) => id,
        (ids) =>
          new AwsError(
            'InvalidAMIID.NotFound',
            `The image id '[${ids.join(', ')}]' does not exist`,
          ),
      )
      const owners = params.list('Owner').map((one) => (one === 'self' ? account : one))
      const owned = named.filter(
        ({ owner, ownerAlias = '' }) =>
          owners.length === 0 || owners.includes(owner) || owners.includes(ownerAlias),
      )
      const left = filtered(params, owned, imageFields, () => new Map())
      const page = paged(world, 'DescribeImages', params, left, 1)
      return { imagesSet: page.items.map(renderImage), nextToken: page.nextToken }
    },
  },

  DescribeInstanceTypes: {
    takes: ['InstanceType', 'DryRun', ...FILTER, ...PAGE],
    run({ world, params, allow, dryRun }) {
      allow('ec2:DescribeInstanceTypes')
      dryRun()
      const names = params.list('InstanceType')
      const named = chosen(
        names,
        world.options.types,
        ({ name }) => name,
        (absent) =>
          new AwsError(
            'InvalidInstanceType',
            `The following supplied instance types do not exist: [${absent.join(', ')}]`,
          ),
      )
      const left = filtered(params, named, typeFields)
      const page = paged(world, 'DescribeInstanceTypes', params, left, 5)
      return { instanceTypeSet: page.items.map(renderType), nextToken: page.nextToken }
    },
  },

  DescribeInstanceTypeOfferings: {
    takes: ['LocationType', 'DryRun', ...FILTER, ...PAGE],
    run({ world, params, allow, dryRun }) {
      allow('ec2:DescribeInstanceTypeOfferings')
      dryRun()
      const by = params.oneOf('LocationType', ['region', 'availability-zone']) ?? 'region'
      const left = filtered(params, offerings(world, by), offeringFields)
      const page = paged(world, 'DescribeInstanceTypeOfferings', params, left, 5)
      return { instanceTypeOfferingSet: page.items.map((one) => ({ ...one })), ...token(page) }
    },
  },
}

function token({ nextToken }: { nextToken: string | undefined }) {
  return { nextToken }
}

function offerings(world: World, locationType: 'region' | 'availability-zone'): Offering[] {
  const { zones } = world.network
  const { region, types } = world.options
  return types.flatMap((type) => {
    const places = zones.filter((zone) => isOffered(world, type, zone))
    const locations = locationType === 'region' ? (places.length > 0 ? [region] : []) : places
    return locations.map((location) => ({ instanceType: type.name, locationType, location }))
  })
}

function renderImage(image: Image) {
  const { id, name, architecture, created, owner, ownerAlias, rootDeviceName } = image
  return {
    imageId: id,
    imageLocation: `${ownerAlias ?? owner}/${name}`,
    imageState: 'available',
    imageOwnerId: owner,
    ...(ownerAlias && { imageOwnerAlias: ownerAlias }),
    isPublic: true,
    architecture,
    imageType: 'machine',
    name,
    description: image.description,
    rootDeviceType: 'ebs',
    rootDeviceName,
    blockDeviceMapping: [
      {
        deviceName: rootDeviceName,
        ebs: { deleteOnTermination: true, volumeSize: 8, volumeType: 'gp3', encrypted: false },
      },
    ],
    virtualizationType: 'hvm',
    hypervisor: 'xen',
    enaSupport: true,
    creationDate: created,
    platformDetails: 'Linux/UNIX',
    usageOperation: 'RunInstances',
    ...(name.startsWith('al2023') && { imdsSupport: 'v2.0' }),
  }
}

function renderType({ name, architecture, vcpus, memoryMiB, burstable, gpus }: InstanceType) {
  return {
    instanceType: name,
    currentGeneration: true,
    freeTierEligible: false,
    supportedUsageClasses: ['on-demand', 'spot'],
    supportedRootDeviceTypes: ['ebs'],
    supportedVirtualizationTypes: ['hvm'],
    bareMetal: false,
    hypervisor: 'nitro',
    processorInfo: { supportedArchitectures: [architecture] },
    vCpuInfo: { defaultVCpus: vcpus },
    memoryInfo: { sizeInMiB: memoryMiB },
    ...(gpus === undefined
      ? {}
      : { gpuInfo: { gpus: [{ name: 'A10G', manufacturer: 'NVIDIA', count: gpus }] } }),
    burstablePerformanceSupported: burstable,
  }
}
