/** The identity that AWS sees: the first call of every command, because its errors are the clearest. */
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import type { AwsContext } from './context.ts'

export interface Identity {
  account: string
  arn: string
  /** aws, aws-cn, aws-us-gov … */
  partition: string
  region: string
}

const deadlineMs = 30_000

/** Needs no permission at all (STS API Reference, GetCallerIdentity). */
export async function whoAmI(
  aws: AwsContext,
  { retryForMs = deadlineMs }: { retryForMs?: number } = {},
): Promise<Identity> {
  const command = new GetCallerIdentityCommand({})
  const doing = 'asking AWS who you are'
  const answer = await aws.call(command, { doing, deadlineMs, retryForMs })
  const { Account: account = '', Arn: arn = '' } = answer
  return { account, arn, partition: arn.split(':')[1] ?? 'aws', region: aws.region }
}
