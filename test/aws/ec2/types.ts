// The instance types on offer, with what a launch is checked against: architecture and vCPUs.

export type Architecture = 'x86_64' | 'arm64'

export interface InstanceType {
  name: string
  architecture: Architecture
  vcpus: number
  memoryMiB: number
  burstable: boolean
  /** Of NVIDIA. */
  gpus?: number
}

const sizes: [size: string, vcpus: number, scale: number][] = [
  ['medium', 1, 1],
  ['large', 2, 2],
  ['xlarge', 4, 4],
  ['2xlarge', 8, 8],
  ['4xlarge', 16, 16],
]

/** Memory in GiB of t3 and t4g, which have 2 vCPUs up to large. */
const burstable: [size: string, vcpus: number, gib: number][] = [
  ['nano', 2, 0.5],
  ['micro', 2, 1],
  ['small', 2, 2],
  ['medium', 2, 4],
  ['large', 2, 8],
  ['xlarge', 4, 16],
  ['2xlarge', 8, 32],
]

function family(name: string, architecture: Architecture, gibPerScale: number): InstanceType[] {
  return sizes
    .filter(([size]) => architecture === 'arm64' || size !== 'medium')
    .map(([size, vcpus, scale]) => ({
      name: `${name}.${size}`,
      architecture,
      vcpus,
      memoryMiB: scale * gibPerScale * 1024,
      burstable: false,
    }))
}

function burstableFamily(name: string, architecture: Architecture): InstanceType[] {
  return burstable.map(([size, vcpus, gib]) => ({
    name: `${name}.${size}`,
    architecture,
    vcpus,
    memoryMiB: gib * 1024,
    burstable: true,
  }))
}

export const instanceTypes: readonly InstanceType[] = [
  ...burstableFamily('t4g', 'arm64'),
  ...burstableFamily('t3', 'x86_64'),
  ...burstableFamily('t3a', 'x86_64'),
  ...family('c7g', 'arm64', 2),
  ...family('m7g', 'arm64', 4),
  ...family('c7i', 'x86_64', 2),
  ...family('c6i', 'x86_64', 2),
  ...family('m7i', 'x86_64', 4),
  {
    name: 'g5.xlarge',
    architecture: 'x86_64',
    vcpus: 4,
    memoryMiB: 16384,
    burstable: false,
    gpus: 1,
  },
]
