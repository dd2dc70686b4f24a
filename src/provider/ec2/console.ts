/** What an instance has written to its console: all that is to be seen of one that does not come up. */
import { GetConsoleOutputCommand } from '@aws-sdk/client-ec2'
import type { Aws } from './clients.ts'
import { retrying, unless } from './errors.ts'
import type { Pace } from './pace.ts'

/** Its lines, as far as EC2 has them yet; none when the type can't show the latest ones. */
export async function consoleLines(
  { ec2, region }: Aws,
  instance: string,
  pace: Pace,
): Promise<string[]> {
  const answers = ['UnsupportedOperation', 'InvalidParameterCombination', 'UnauthorizedOperation']
  const answer = await unless(
    answers,
    retrying(() => ec2.send(new GetConsoleOutputCommand({ InstanceId: instance, Latest: true })), {
      pace,
      deadline: pace.now() + 30_000,
      context: { doing: `reading the console of ${instance}`, region },
      answers,
    }),
  )
  const text = Buffer.from(answer?.Output ?? '', 'base64').toString()
  return text
    .split(/\r?\n/)
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
}
