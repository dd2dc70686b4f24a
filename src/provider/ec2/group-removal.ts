/** Removes a security group, as soon as nothing uses it. */
import { DeleteSecurityGroupCommand } from '@aws-sdk/client-ec2'
import type { Aws } from './clients.ts'
import { codeOf, retrying } from './errors.ts'
import type { Pace } from './pace.ts'

/**
 * One try to delete a group: false while something uses it, which lasts until the network interfaces
 * of ended machines are gone (seconds to minutes).
 */
export async function deleteGroup({ ec2, region }: Aws, id: string, pace: Pace): Promise<boolean> {
  const gone = [
    'InvalidGroup.NotFound',
    'InvalidGroupId.NotFound',
    'InvalidSecurityGroupID.NotFound',
  ]
  const answers = [...gone, 'DependencyViolation', 'InvalidGroup.InUse']
  const context = { doing: 'removing the security group', region, again: 'tm down' }
  try {
    await retrying(() => ec2.send(new DeleteSecurityGroupCommand({ GroupId: id })), {
      pace,
      deadline: pace.now() + 60_000,
      context,
      answers,
    })
    return true
  } catch (error) {
    if (!answers.includes(codeOf(error))) throw error
    return gone.includes(codeOf(error))
  }
}
