/**
 * What machines boot: the newest Amazon Linux 2023 for the type's architecture, or `--ami`. The newest,
 * because dnf is pinned to the release of the image (AL2023 User Guide, Deterministic upgrades).
 */
import { DescribeImagesCommand, type Image as ImageDescription } from '@aws-sdk/client-ec2'
import { TmError } from '../../../core/errors.ts'
import type { AwsContext } from '../aws/context.ts'
import type { Architecture, TypeFacts } from './types.ts'

export interface Image {
  id: string
  name: string
  architecture: Architecture
  rootDevice: string
  /** GiB; a volume can't be smaller than its snapshot. */
  rootSize: number
}

export type Images = Partial<Record<Architecture, Image>>

/** `flag`: which names it. */
export async function findImage(aws: AwsContext, ami: string, flag = '--ami'): Promise<Image> {
  const image = chooseImage(await describeImages(aws, { ami }))
  if (!image) throw noImage(ami, { region: aws.region, flag })
  return image
}

/** GiB of a machine's disk: what was asked for, or what the image needs. */
export function diskSize({ rootSize }: Pick<Image, 'rootSize'>, wanted: number): number {
  return Math.max(wanted, rootSize)
}

/** The types that can boot this image. Throws if there are none. */
export function typesFor(image: Image, types: TypeFacts[], flag = '--ami'): TypeFacts[] {
  const fit = types.filter(({ architecture }) => architecture === image.architecture)
  if (fit.length > 0) return fit
  throw mismatch(types, image, flag)
}

/** The newest image for each architecture of these types. */
export async function findImages(
  aws: AwsContext,
  { types }: { types: TypeFacts[] },
): Promise<Images> {
  const needed = [...new Set(types.map(({ architecture }) => architecture))]
  const found: Images = {}
  for (const architecture of needed) {
    const image = chooseImage(await describeImages(aws, { architecture }))
    if (!image)
      throw noImage(`Amazon Linux 2023 for ${architecture}`, { region: aws.region, flag: '--ami' })
    found[architecture] = image
  }
  return found
}

/** `al2023-ami-*` would also match the minimal images, which lack dnf's usual repositories. */
export function imageName(architecture: Architecture): string {
  return `al2023-ami-2023.*-kernel-*-${architecture}`
}

async function describeImages(
  aws: AwsContext,
  which: { ami: string } | { architecture: Architecture },
): Promise<ImageDescription[]> {
  const command =
    'ami' in which
      ? new DescribeImagesCommand({ ImageIds: [which.ami] })
      : new DescribeImagesCommand({
          // Anybody may publish an image with such a name.
          Owners: ['amazon'],
          Filters: [
            { Name: 'name', Values: [imageName(which.architecture)] },
            { Name: 'architecture', Values: [which.architecture] },
            { Name: 'state', Values: ['available'] },
          ],
        })
  const { Images = [] } = await aws.call(command, { doing: 'looking up the image' })
  return Images
}

/** The newest usable one. */
export function chooseImage(images: ImageDescription[]): Image | undefined {
  const usable = images.filter(
    ({ ImageId, State, Architecture: architecture }) =>
      ImageId !== undefined &&
      (State ?? 'available') === 'available' &&
      (architecture === 'arm64' || architecture === 'x86_64'),
  )
  const byAge = usable.toSorted(
    (a, b) =>
      (b.CreationDate ?? '').localeCompare(a.CreationDate ?? '') ||
      (b.Name ?? '').localeCompare(a.Name ?? ''),
  )
  const newest = byAge[0]
  if (!newest) return undefined
  const rootDevice = newest.RootDeviceName ?? '/dev/xvda'
  const root = newest.BlockDeviceMappings?.find(({ DeviceName }) => DeviceName === rootDevice)
  return {
    id: newest.ImageId ?? '',
    name: newest.Name ?? '',
    architecture: newest.Architecture as Architecture,
    rootDevice,
    rootSize: root?.Ebs?.VolumeSize ?? 8,
  }
}

function noImage(what: string, { region, flag }: { region: string; flag: string }): TmError {
  return new TmError('invalid', `No image ${what} in ${region}`, {
    suggestions: [`Name an image of ${region}: ${flag} ami-…`, 'Or use another region: --region'],
  })
}

function mismatch(types: TypeFacts[], image: Image, flag: string): TmError {
  const names = types.map(({ type }) => type).join(' and ')
  const { architecture } = types[0] ?? { architecture: 'another architecture' }
  const verb = types.length > 1 ? 'are' : 'is'
  const message = `${names} ${verb} ${architecture}, but image ${image.id} is ${image.architecture}`
  return new TmError('invalid', message, {
    suggestions: [
      `Name an image for ${architecture}: ${flag} ami-…`,
      `Or use types for ${image.architecture}: --instance-type, --worker-type`,
    ],
  })
}
