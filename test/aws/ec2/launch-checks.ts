// What EC2 refuses about a launch before it makes anything, in the words it is known to use: tools
// recognise some of these only by the message.

import { AwsError } from '../errors.ts'
import type { World } from '../state.ts'
import { noGroup } from './find.ts'
import type { Image } from './images.ts'
import type { LaunchSpec } from './launch-spec.ts'
import type { Vpc } from './network.ts'
import type { InstanceType } from './types.ts'

/** Counted raw, before base64 ("Run commands when you launch an EC2 instance with user data"). */
const userDataLimit = 16_384

export interface CheckedLaunch extends LaunchSpec {
  image: Image
  type: InstanceType
  vpc: Vpc
}

export function checkLaunch(world: World, spec: LaunchSpec): CheckedLaunch {
  const { image, type } = checkMachine(spec)
  const vpc = checkNetwork(world, spec)
  checkUserData(spec.userData)
  checkProfile(world, spec.profile)
  if (spec.keyName) {
    throw invalid('InvalidKeyPair.NotFound', `The key pair '${spec.keyName}' does not exist`)
  }
  if (spec.metadata.hopLimit < 1 || spec.metadata.hopLimit > 64) {
    throw invalid('InvalidParameterValue', 'HttpPutResponseHopLimit must be between 1 and 64')
  }
  return { ...spec, image, type, vpc }
}

function checkMachine({ min, max, clientToken, imageId, image, typeName, type }: LaunchSpec) {
  if (!(min >= 1 && max >= min)) {
    throw invalid(
      'InvalidParameterValue',
      `Value (${min}, ${max}) for parameters minCount, maxCount is invalid`,
    )
  }
  if (clientToken !== undefined && !/^[\x21-\x7e]{1,64}$/.test(clientToken)) {
    throw invalid('InvalidParameterValue', 'Client token must be 1 to 64 ASCII characters')
  }
  if (!/^ami-[0-9a-f]{8,17}$/.test(imageId)) {
    throw invalid('InvalidAMIID.Malformed', `Invalid id: "${imageId}" (expecting "ami-...")`)
  }
  if (!image) {
    throw invalid('InvalidAMIID.NotFound', `The image id '[${imageId}]' does not exist`)
  }
  if (!type) {
    throw invalid('InvalidParameterValue', `Invalid value '${typeName}' for InstanceType.`)
  }
  if (image.architecture !== type.architecture) {
    throw invalid(
      'InvalidParameterValue',
      `The architecture '${type.architecture}' of the specified instance type does not match the ` +
        `architecture '${image.architecture}' of the specified AMI. Specify an instance type and ` +
        'an AMI that have matching architectures, and try again.',
    )
  }
  return { image, type }
}

function checkNetwork(world: World, spec: LaunchSpec): Vpc {
  const { subnetId, subnets, vpc, groupIds, groups } = spec
  if (!vpc) {
    if (subnetId) {
      throw invalid('InvalidSubnetID.NotFound', `The subnet ID '${subnetId}' does not exist`)
    }
    if (world.network.vpcs.some(({ isDefault }) => isDefault) && subnets.length === 0) {
      throw invalid('InvalidParameterValue', 'Invalid availability zone')
    }
    throw invalid(
      'VPCIdNotSpecified',
      'No default VPC for this user. GroupName is only supported for EC2-Classic and default VPC.',
    )
  }
  for (const id of groupIds) {
    const group = groups.find((one) => one.id === id)
    if (!group) throw noGroup(id)
    if (group.vpcId !== vpc.id) {
      const where = subnetId ?? subnets[0]?.id
      throw invalid(
        'InvalidParameter',
        `Security group ${id} and subnet ${where} belong to different networks.`,
      )
    }
  }
  return vpc
}

function checkUserData(userData: string | undefined): void {
  if (userData === undefined) return
  const bytes = Buffer.from(userData, 'base64')
  if (bytes.toString('base64').replace(/=+$/, '') !== userData.replace(/=+$/, '')) {
    throw invalid('InvalidUserData.Malformed', 'Invalid BASE64 encoding of user data.')
  }
  if (bytes.length > userDataLimit) {
    throw invalid('InvalidParameterValue', `User data is limited to ${userDataLimit} bytes`)
  }
}

/** A profile is unknown to EC2 for a while after it was made, and then empty for a while after the
 *  role was put in ("IAM roles for Amazon EC2": allow for a delay). GetInstanceProfile shows
 *  neither. */
function checkProfile(world: World, asked: LaunchSpec['profile']): void {
  if (!asked) return
  const now = world.clock.now()
  const profile = world.profiles.get(asked.name)
  const known =
    profile && profile.usableAt <= now && (asked.by === 'name' || profile.arn === asked.given)
  if (!known) {
    const what = asked.by === 'name' ? 'name' : 'ARN'
    throw invalid(
      'InvalidParameterValue',
      `Value (${asked.given}) for parameter iamInstanceProfile.${asked.by} is invalid. ` +
        `Invalid IAM Instance Profile ${what}`,
    )
  }
  if (profile.role === undefined || profile.roleUsableAt > now) {
    throw invalid(
      'InvalidParameterValue',
      `IAM Instance Profile "${profile.arn}" has no associated IAM Roles`,
    )
  }
}

function invalid(code: string, message: string): AwsError {
  return new AwsError(code, message)
}
