/** The one RunInstances request for a machine: everything that must be so from its first moment. Pure. */
import { createHash } from 'node:crypto'
import type { _InstanceType, ResourceType, RunInstancesCommandInput } from '@aws-sdk/client-ec2'
import type { MachineKind } from '../provider.ts'
import type { Image, Images } from './image.ts'
import type { Subnet } from './network.ts'
import type { Placement } from './placements.ts'
import { tagKeys, toTags } from './tags.ts'
import type { TypeFacts } from './types.ts'

/** What machines of one kind are made of. */
export interface Shape {
  /** In this order of preference. */
  types: TypeFacts[]
  images: Images
  subnets: Subnet[]
  /** The id of the security group. */
  group: string
  /** The name of the instance profile; workers have none. */
  profile?: string
  /** 0.005 $ an hour each. Without one a machine needs a NAT gateway for dnf. */
  publicAddress: boolean
  spot: boolean
  /** GiB; at least what the image needs. */
  volumeSize: number
}

export interface Order {
  id: string
  kind: MachineKind
  /** Of a worker: the node that launches it. */
  node?: string
  shape: Shape
  bootScript: string
  /** Which zone comes first. */
  turn?: number
}

/**
 * The same for the same machine, whoever asks: two commands at once make one instance. At most 64
 * ASCII characters (EC2 API Reference, Ensuring idempotency).
 */
export function clientToken(cluster: string, id: string, attempt: number): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([cluster, id, attempt]))
    .digest('hex')
  return `tm-${hash.slice(0, 48)}-${attempt}`
}

export function runInput(
  cluster: string,
  order: Order & { userData: string },
  attempt: number,
  placement: Placement,
): RunInstancesCommandInput {
  const { id, kind, node, shape, userData } = order
  const tags = toTags({
    [tagKeys.cluster]: cluster,
    [tagKeys.kind]: kind,
    [tagKeys.id]: id,
    [tagKeys.node]: node,
    [tagKeys.attempt]: String(attempt),
    Name: `tm ${cluster} ${id}`,
  })
  const image = imageFor(shape, placement.type)
  const tagged: ResourceType[] = ['instance', 'volume']
  if (shape.spot) tagged.push('spot-instances-request')
  return {
    MinCount: 1,
    MaxCount: 1,
    ClientToken: clientToken(cluster, id, attempt),
    ImageId: image.id,
    InstanceType: placement.type as _InstanceType,
    UserData: userData,
    // A shutdown from inside ends it for good: nothing outlives its owner.
    InstanceInitiatedShutdownBehavior: 'terminate',
    MetadataOptions: {
      HttpEndpoint: 'enabled',
      HttpTokens: 'required',
      HttpPutResponseHopLimit: 1,
      InstanceMetadataTags: 'disabled',
    },
    NetworkInterfaces: [
      {
        DeviceIndex: 0,
        SubnetId: placement.subnet,
        Groups: [shape.group],
        AssociatePublicIpAddress: shape.publicAddress,
        DeleteOnTermination: true,
      },
    ],
    BlockDeviceMappings: [
      {
        DeviceName: image.rootDevice,
        Ebs: {
          VolumeType: 'gp3',
          VolumeSize: Math.max(shape.volumeSize, image.rootSize),
          Encrypted: true,
          DeleteOnTermination: true,
        },
      },
    ],
    TagSpecifications: tagged.map((ResourceType) => ({ ResourceType, Tags: tags })),
    ...(shape.profile ? { IamInstanceProfile: { Name: shape.profile } } : {}),
    ...(shape.spot
      ? {
          InstanceMarketOptions: {
            MarketType: 'spot' as const,
            SpotOptions: {
              SpotInstanceType: 'one-time' as const,
              InstanceInterruptionBehavior: 'terminate' as const,
            },
          },
        }
      : {}),
  }
}

function imageFor({ types, images }: Shape, type: string): Image {
  const architecture = types.find((one) => one.type === type)?.architecture
  const image = architecture && images[architecture]
  if (!image) throw new Error(`no image for type ${type}`)
  return image
}
