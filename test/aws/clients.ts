// What the stand-in's own tests share: a stand-in that ends with the test, real SDK clients for it,
// and short ways to a cluster's parts.

import {
  CreateSecurityGroupCommand,
  EC2Client,
  RunInstancesCommand,
  type RunInstancesCommandInput,
} from '@aws-sdk/client-ec2'
import {
  AddRoleToInstanceProfileCommand,
  CreateInstanceProfileCommand,
  CreateRoleCommand,
  IAMClient,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam'
import { STSClient } from '@aws-sdk/client-sts'
import { onTestFinished } from 'vitest'
import { type HandClock, handClock } from './clock.ts'
import type { GivenOptions } from './options.ts'
import { type Standin, startStandin } from './standin.ts'

export interface Credentials {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
}

export interface Account {
  standin: Standin
  clock: HandClock
  ec2: EC2Client
  iam: IAMClient
  sts: STSClient
  as(credentials: Credentials): { ec2: EC2Client; iam: IAMClient; sts: STSClient }
}

/** Long enough for every delay of the defaults, except the listing of terminated instances. */
export const settled = 5_000

/** A new account whose time only moves by hand, so no test waits for it. */
export async function account(options: GivenOptions = {}): Promise<Account> {
  const clock = handClock()
  const standin = await startStandin({ clock, ...options })
  const opened: { destroy(): void }[] = []
  const as = (credentials: Credentials) => {
    const config = { endpoint: standin.url, region: standin.region, credentials, maxAttempts: 1 }
    const clients = {
      ec2: new EC2Client(config),
      iam: new IAMClient(config),
      sts: new STSClient(config),
    }
    opened.push(...Object.values(clients))
    return clients
  }
  onTestFinished(async () => {
    for (const client of opened) client.destroy()
    await standin.stop()
  })
  return { standin, clock, as, ...as(standin.operator) }
}

/** How a call ended: `ok`, or the error's code. */
export async function outcome(call: Promise<unknown>): Promise<string> {
  try {
    await call
    return 'ok'
  } catch (error) {
    return (error as Error).name
  }
}

/** The error of a call that has to fail. */
export async function refusal(
  call: Promise<unknown>,
): Promise<{ name: string; message: string; $metadata: { httpStatusCode?: number } }> {
  try {
    await call
  } catch (error) {
    return error as Awaited<ReturnType<typeof refusal>>
  }
  throw new Error('the call went through')
}

/** A plain launch that works in a new account. */
export function launchInput(
  standin: Standin,
  more: Partial<RunInstancesCommandInput> = {},
): RunInstancesCommandInput {
  const image = standin.world.options.images.find(({ name }) =>
    /^al2023-ami-2023.*arm64/.test(name),
  )
  return {
    ImageId: image?.id,
    InstanceType: 't4g.small',
    MinCount: 1,
    MaxCount: 1,
    ...more,
  }
}

export async function launch(
  { standin, ec2 }: Account,
  more: Partial<RunInstancesCommandInput> = {},
): Promise<string> {
  const answer = await ec2.send(new RunInstancesCommand(launchInput(standin, more)))
  return answer.Instances?.[0]?.InstanceId ?? ''
}

export async function group({ ec2, clock }: Account, name = 'tm'): Promise<string> {
  const made = await ec2.send(
    new CreateSecurityGroupCommand({
      GroupName: name,
      Description: 'a test',
      TagSpecifications: [
        { ResourceType: 'security-group', Tags: [{ Key: 'tm:cluster', Value: 'c' }] },
      ],
    }),
  )
  clock.advance(settled)
  return made.GroupId ?? ''
}

export const trustEc2 = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' },
  ],
})

/** Role, policy and profile of one name, known to EC2. */
export async function profile({ iam, clock }: Account, name: string, statements: object[]) {
  await iam.send(
    new CreateRoleCommand({ RoleName: name, Path: '/tm/', AssumeRolePolicyDocument: trustEc2 }),
  )
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: statements })
  await iam.send(new PutRolePolicyCommand({ RoleName: name, PolicyName: 'p', PolicyDocument }))
  await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName: name, Path: '/tm/' }))
  await iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName: name, RoleName: name }))
  clock.advance(settled)
}
