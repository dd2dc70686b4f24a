/** The RunInstances request of a machine. Pure. */
import { createHash } from 'node:crypto'
import type { _InstanceType, ResourceType, RunInstancesCommandInput } from '@aws-sdk/client-ec2'
import type { Shape } from '../../../api/contract/terms.ts'
import type { MachineKind } from '../../provider.ts'
import { tagKeys, toTags } from '../aws/tags.ts'
import { diskSize, type Image } from './image.ts'
import type { Placement } from './placements.ts'
import { creditPriceOf } from './prices.ts'

export interface Order {
  id: string
  kind: MachineKind
  /** For a worker: the node that launches it. */
  node?: string
  shape: Shape
  bootScript: string
  /** Which zone comes first: see `placements`. */
  zoneOffset?: number
}

/**
 * Depends only on the machine and the attempt, so two commands at once create one instance. At most 64
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
  const { tags: given = {} } = shape
  const tags = toTags({
    ...given,
    [tagKeys.cluster]: cluster,
    [tagKeys.kind]: kind,
    [tagKeys.id]: id,
    [tagKeys.node]: node,
    [tagKeys.attempt]: String(attempt),
    Name: `tm ${cluster} ${id}`,
  })
  const image = imageFor(shape, placement.type)
  const tagged: ResourceType[] = ['instance', 'volume']
  // Not without need: a policy that allows tagging has to name each kind of resource.
  if (Object.keys(given).length > 0) tagged.push('network-interface')
  if (placement.spot) tagged.push('spot-instances-request')
  return {
    MinCount: 1,
    MaxCount: 1,
    ClientToken: clientToken(cluster, id, attempt),
    ImageId: image.id,
    InstanceType: placement.type as _InstanceType,
    UserData: userData,
    // A shutdown from inside terminates the instance: no machine outlives its owner.
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
          VolumeSize: diskSize(image, shape.volumeSize),
          Encrypted: true,
          DeleteOnTermination: true,
        },
      },
    ],
    // The default of T3 and T4g, unless the account has another: without it a boot takes minutes, at a
    // fifth of the speed. The plan says what it may cost.
    ...(creditPriceOf(placement.type) ? { CreditSpecification: { CpuCredits: 'unlimited' } } : {}),
    TagSpecifications: tagged.map((ResourceType) => ({ ResourceType, Tags: tags })),
    ...(shape.profile ? { IamInstanceProfile: { Name: shape.profile } } : {}),
    ...(placement.spot
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
