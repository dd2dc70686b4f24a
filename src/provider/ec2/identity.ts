/** Who we are to AWS: the first call of every command, and the one with the clearest errors. */
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import type { Aws } from './clients.ts'
import { retrying } from './errors.ts'
import type { Pace } from './pace.ts'

export interface Identity {
  account: string
  arn: string
  /** aws, aws-cn, aws-us-gov … */
  partition: string
  region: string
}

/** Needs no permission at all (STS API Reference, GetCallerIdentity). */
export async function whoAmI({ sts, region }: Aws, pace: Pace): Promise<Identity> {
  const answer = await retrying(() => sts.send(new GetCallerIdentityCommand({})), {
    pace,
    deadline: pace.now() + 30_000,
    context: { doing: 'asking AWS who you are', region },
  })
  const { Account: account = '', Arn: arn = '' } = answer
  return { account, arn, partition: arn.split(':')[1] ?? 'aws', region }
}
