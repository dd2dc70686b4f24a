/** The disks of clusters, found by their tags: what they cost, and those that outlive their machine. */
import { DeleteVolumeCommand, DescribeVolumesCommand } from '@aws-sdk/client-ec2'
import type { AwsContext } from '../aws/context.ts'
import { clusterFilters, fromTags, tagKeys } from '../aws/tags.ts'

export interface Volume {
  /** vol-… */
  id: string
  cluster: string
  /** GiB */
  size: number
  /** Attached to no machine: somebody has detached it, or told EC2 to keep it. */
  free: boolean
}

/** The disks of one cluster, or of all. */
export async function listVolumes(
  aws: AwsContext,
  { cluster }: { cluster?: string },
): Promise<Volume[]> {
  const Filters = clusterFilters(cluster)
  const found = await aws.list(
    (NextToken) => new DescribeVolumesCommand({ Filters, NextToken }),
    ({ Volumes }) => Volumes,
    { doing: 'listing the disks' },
  )
  return found
    .filter(({ State }) => State !== 'deleting' && State !== 'deleted')
    .map(({ VolumeId: id = '', Size: size = 0, State, Tags }) => ({
      id,
      cluster: fromTags(Tags).get(tagKeys.cluster) ?? '',
      size,
      free: State === 'available' || State === 'error',
    }))
}

export async function deleteVolume(aws: AwsContext, id: string): Promise<void> {
  await aws.call(new DeleteVolumeCommand({ VolumeId: id }), {
    doing: `removing disk ${id}`,
    answers: ['InvalidVolume.NotFound'],
  })
}
