// The service-linked role of EC2 Spot, which an account needs before its first spot instance.

import { newUniqueId } from '../ids.ts'
import { parseTrust } from '../policy/document.ts'
import type { Role, World } from '../state.ts'

const name = 'AWSServiceRoleForEC2Spot'
const path = '/aws-service-role/spot.amazonaws.com/'

const trustText = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { Service: 'spot.amazonaws.com' },
      Action: 'sts:AssumeRole',
    },
  ],
})

export function spotRoleExists(world: World): boolean {
  return world.roles.has(name)
}

export function spotRoleArn(world: World): string {
  return `arn:aws:iam::${world.options.account}:role${path}${name}`
}

export function createSpotRole(world: World): Role {
  const role: Role = {
    name,
    id: newUniqueId('AROA'),
    path,
    arn: spotRoleArn(world),
    trust: parseTrust(trustText),
    trustText,
    maxSession: 3_600,
    tags: new Map(),
    created: new Date(world.clock.now()),
    policies: new Map(),
    attached: new Set(),
  }
  world.roles.set(name, role)
  return role
}
