/** Looks up instance types in a region: architecture, vCPUs, memory, and the zones that offer them. */
import {
  type _InstanceType,
  DescribeInstanceTypeOfferingsCommand,
  DescribeInstanceTypesCommand,
  type GpuInfo,
} from '@aws-sdk/client-ec2'
import { TmError } from '../../../core/errors.ts'
import type { AwsContext } from '../aws/context.ts'

export type Architecture = 'arm64' | 'x86_64'

export interface TypeFacts {
  type: string
  architecture: Architecture
  vcpus: number
  /** Bytes; undefined in the terms of an older tm. */
  memory?: number | undefined
  /** Of NVIDIA; undefined for none. */
  gpus?: number | undefined
  zones: string[]
}

/** The wanted types that the region offers, in the same order. Throws if there are none. */
export async function describeTypes(aws: AwsContext, types: string[]): Promise<TypeFacts[]> {
  const doing = `looking up type ${types.join(', ')}`
  const Filters = [{ Name: 'instance-type', Values: types }]
  const offerings = await aws.list(
    (NextToken) =>
      new DescribeInstanceTypeOfferingsCommand({
        LocationType: 'availability-zone',
        Filters,
        NextToken,
      }),
    ({ InstanceTypeOfferings }) => InstanceTypeOfferings,
    { doing },
  )
  const offered = types.filter((type) => offerings.some((one) => one.InstanceType === type))
  if (offered.length === 0) throw notOffered(types, aws.region)
  // The names come from flags, and may be newer than the SDK.
  const InstanceTypes = offered as _InstanceType[]
  const described = await aws.call(new DescribeInstanceTypesCommand({ InstanceTypes }), {
    doing,
    answers: ['InvalidInstanceType'],
  })
  if (!described) throw notOffered(types, aws.region)
  return offered.map((type) => {
    const facts = described.InstanceTypes?.find((one) => one.InstanceType === type)
    const zones = offerings.flatMap((one) =>
      one.InstanceType === type && one.Location ? [one.Location] : [],
    )
    return {
      type,
      architecture: architectureOf(facts?.ProcessorInfo?.SupportedArchitectures ?? []),
      vcpus: facts?.VCpuInfo?.DefaultVCpus ?? 0,
      memory: (facts?.MemoryInfo?.SizeInMiB ?? 0) * 1024 ** 2,
      ...gpusOf(facts?.GpuInfo),
      zones,
    }
  })
}

/** Tasks find theirs by `CUDA_VISIBLE_DEVICES`, which only NVIDIA's know. */
function gpusOf({ Gpus = [] }: GpuInfo = {}): Pick<TypeFacts, 'gpus'> {
  const nvidia = Gpus.filter(({ Manufacturer }) => Manufacturer === 'NVIDIA')
  const gpus = nvidia.reduce((sum, { Count = 0 }) => sum + Count, 0)
  return gpus > 0 ? { gpus } : {}
}

/** arm64 costs about a fifth less at the same speed. Some types also list i386. */
function architectureOf(supported: string[]): Architecture {
  return supported.includes('arm64') ? 'arm64' : 'x86_64'
}

function notOffered(types: string[], region: string): TmError {
  return new TmError('invalid', `${region} does not offer type ${types.join(' or ')}`, {
    suggestions: [
      `List what it offers: aws ec2 describe-instance-type-offerings --region ${region} --query InstanceTypeOfferings[].InstanceType`,
      'Name another type: --instance-type, --worker-type',
    ],
  })
}
