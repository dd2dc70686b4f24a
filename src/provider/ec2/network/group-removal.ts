/** Removes a security group once nothing uses it. */
import { DeleteSecurityGroupCommand } from '@aws-sdk/client-ec2'
import type { AwsContext } from '../aws/context.ts'

const gone = ['InvalidGroup.NotFound', 'InvalidGroupId.NotFound', 'InvalidSecurityGroupID.NotFound']
const inUse = ['DependencyViolation', 'InvalidGroup.InUse']

/**
 * Tries once: false while something uses the group. The network interfaces of terminated machines do
 * for seconds to minutes.
 */
export async function deleteGroup(aws: AwsContext, id: string): Promise<boolean> {
  const { code } = await aws.attempt(new DeleteSecurityGroupCommand({ GroupId: id }), {
    doing: 'removing the security group',
    answers: [...gone, ...inUse],
  })
  return code === undefined || gone.includes(code)
}
