/**
 * What machines boot: the newest Amazon Linux 2023 of the type's architecture, or `--ami`. The
 * newest, because dnf is pinned to the release of the image (AL2023 User Guide, Deterministic upgrades).
 */
import { DescribeImagesCommand, type Image as ImageDescription } from '@aws-sdk/client-ec2'
import { TmError } from '../../core/errors.ts'
import type { Aws } from './clients.ts'
import { retrying } from './errors.ts'
import type { Pace } from './pace.ts'
import type { Architecture, TypeFacts } from './types.ts'

export interface Image {
  id: string
  name: string
  architecture: Architecture
  rootDevice: string
  /** GiB; a volume can't be smaller than the snapshot it is made from. */
  rootSize: number
}

export type Images = Partial<Record<Architecture, Image>>

/** The image of this id (`--ami`). */
export async function findImage(aws: Aws, ami: string, pace: Pace): Promise<Image> {
  const image = chooseImage(await describeImages(aws, { ami }, pace))
  if (!image) throw noImage(ami, aws.region)
  return image
}

/** Those types of a list that can boot this image; never none. */
export function fitting(image: Image, types: TypeFacts[]): TypeFacts[] {
  const fit = types.filter(({ architecture }) => architecture === image.architecture)
  if (fit.length > 0) return fit
  throw mismatch(types, image)
}

/** The newest image of each architecture that these types need. */
export async function findImages(
  aws: Aws,
  { types }: { types: TypeFacts[] },
  pace: Pace,
): Promise<Images> {
  const needed = [...new Set(types.map(({ architecture }) => architecture))]
  const found: Images = {}
  for (const architecture of needed) {
    const image = chooseImage(await describeImages(aws, { architecture }, pace))
    if (!image) throw noImage(`Amazon Linux 2023 for ${architecture}`, aws.region)
    found[architecture] = image
  }
  return found
}

/** A bare `al2023-ami-*` would also match the minimal images, which lack dnf's usual repositories. */
export function imageName(architecture: Architecture): string {
  return `al2023-ami-2023.*-kernel-*-${architecture}`
}

async function describeImages(
  { ec2, region }: Aws,
  which: { ami: string } | { architecture: Architecture },
  pace: Pace,
): Promise<ImageDescription[]> {
  const command =
    'ami' in which
      ? new DescribeImagesCommand({ ImageIds: [which.ami] })
      : new DescribeImagesCommand({
          // Anybody may name an image like this: only Amazon's own count.
          Owners: ['amazon'],
          Filters: [
            { Name: 'name', Values: [imageName(which.architecture)] },
            { Name: 'architecture', Values: [which.architecture] },
            { Name: 'state', Values: ['available'] },
          ],
        })
  const answer = await retrying(() => ec2.send(command), {
    pace,
    deadline: pace.now() + 60_000,
    context: { doing: 'looking for the image', region },
  })
  return answer.Images ?? []
}

/** The newest that can be booted. */
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

function noImage(what: string, region: string): TmError {
  return new TmError('invalid', `There is no image ${what} in ${region}`, {
    suggestions: ['Name one of this region: --ami ami-…', 'Or take another region: --region'],
  })
}

function mismatch(types: TypeFacts[], image: Image): TmError {
  const names = types.map(({ type }) => type).join(' and ')
  const { architecture } = types[0] ?? { architecture: 'another architecture' }
  const verb = types.length > 1 ? 'are' : 'is'
  const message = `${names} ${verb} ${architecture}, but image ${image.id} is ${image.architecture}`
  return new TmError('invalid', message, {
    suggestions: [
      `Name an image for ${architecture}: --ami ami-…`,
      `Or types that are ${image.architecture}: --instance-type, --worker-type`,
    ],
  })
}
