// The images of the account's region: Amazon Linux 2023 in both architectures, of several dates,
// and those that a loose name pattern catches by mistake (minimal, ECS, an older Amazon Linux).

import type { Architecture } from './types.ts'

export interface Image {
  id: string
  name: string
  architecture: Architecture
  created: string
  owner: string
  ownerAlias?: string
  rootDeviceName: string
  description: string
}

const amazon = { owner: '137112412989', ownerAlias: 'amazon', rootDeviceName: '/dev/xvda' }

function al2023(release: string, created: string, serial: string): Image[] {
  return (['x86_64', 'arm64'] as const).flatMap((architecture, at) => {
    const id = (kind: number) => `ami-0${serial}${at}${kind}${'0'.repeat(14 - serial.length)}`
    const common = { ...amazon, architecture, created }
    return [
      {
        ...common,
        id: id(1),
        name: `al2023-ami-2023.${release}-kernel-6.1-${architecture}`,
        description: `Amazon Linux 2023 AMI 2023.${release} ${architecture} HVM kernel-6.1`,
      },
      {
        ...common,
        id: id(2),
        name: `al2023-ami-minimal-2023.${release}-kernel-6.1-${architecture}`,
        description: `Amazon Linux 2023 AMI 2023.${release} minimal ${architecture}`,
        // Minimal images come out a little later, so "the newest" finds them first.
        created: created.replace('T00', 'T01'),
      },
      {
        ...common,
        id: id(3),
        name: `al2023-ami-ecs-hvm-2023.0.${release}-kernel-6.1-${architecture}`,
        description: 'Amazon Linux AMI 2023.0 ECS HVM EBS',
        owner: '591542846629',
        created: created.replace('T00', 'T02'),
      },
    ]
  })
}

export const images: readonly Image[] = [
  ...al2023('11.20260413.0', '2026-04-13T00:10:11.000Z', '11a'),
  ...al2023('12.20261105.0', '2026-11-05T00:20:21.000Z', '12b'),
  ...al2023('12.20260921.0', '2026-09-21T00:30:31.000Z', '12a'),
  {
    ...amazon,
    id: 'ami-0a2000000000000a1',
    name: 'amzn2-ami-kernel-5.10-hvm-2.0.20261110.0-x86_64-gp2',
    architecture: 'x86_64',
    created: '2026-11-10T00:00:00.000Z',
    description: 'Amazon Linux 2 Kernel 5.10 AMI 2.0.20261110.0 x86_64 HVM gp2',
  },
  {
    // Anybody may name a public image like this: the owner has to be asked for.
    id: 'ami-0bad0000000000bad',
    name: 'al2023-ami-2023.99.20991231.0-kernel-6.1-arm64',
    architecture: 'arm64',
    created: '2026-11-20T00:00:00.000Z',
    owner: '666666666666',
    rootDeviceName: '/dev/xvda',
    description: 'not from Amazon',
  },
]
