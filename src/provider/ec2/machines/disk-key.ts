/** The key that EC2 encrypts new disks with. */
import { GetEbsDefaultKmsKeyIdCommand } from '@aws-sdk/client-ec2'
import type { AwsContext } from '../aws/context.ts'

/**
 * The ARN of the account's own key, if it has made one the default: whoever launches machines needs
 * rights on it. Undefined for AWS's key, which needs none, and if AWS does not say.
 */
export async function findDiskKey(aws: AwsContext): Promise<string | undefined> {
  const found = await aws.call(new GetEbsDefaultKmsKeyIdCommand({}), {
    doing: 'looking up the key of disks',
    deadlineMs: 15_000,
    answers: ['UnauthorizedOperation', 'AccessDenied'],
  })
  const key = found?.KmsKeyId
  return key === undefined || key.endsWith('alias/aws/ebs') ? undefined : key
}
