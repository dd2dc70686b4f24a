/** Reads the console of an instance: the only trace of an instance that does not come up. */
import { GetConsoleOutputCommand } from '@aws-sdk/client-ec2'
import type { AwsContext } from '../aws/context.ts'

const answers = ['UnsupportedOperation', 'InvalidParameterCombination', 'UnauthorizedOperation']

/** The lines that EC2 has so far; none if the type can't show the latest output. */
export async function consoleLines(aws: AwsContext, instance: string): Promise<string[]> {
  const command = new GetConsoleOutputCommand({ InstanceId: instance, Latest: true })
  const doing = `reading the console of ${instance}`
  const answer = await aws.call(command, { doing, deadlineMs: 30_000, answers })
  const text = Buffer.from(answer?.Output ?? '', 'base64').toString()
  return text
    .split(/\r?\n/)
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
}
