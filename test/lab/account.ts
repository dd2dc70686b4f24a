/** A small account in the lab for tests of the lab itself: a group, a role, and launches by the SDK. */
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  EC2Client,
  type IpPermission,
  RunInstancesCommand,
  type RunInstancesCommandInput,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2'
import {
  AddRoleToInstanceProfileCommand,
  CreateInstanceProfileCommand,
  CreateRoleCommand,
  IAMClient,
} from '@aws-sdk/client-iam'
import { trustEc2 } from '../aws/clients.ts'
import type { Lab } from './lab.ts'
import type { Machine } from './machine.ts'
import { operatorAddress } from './network.ts'
import { until } from './until.ts'

export const port = 8443

export type Account = Awaited<ReturnType<typeof openAccount>>

export async function openAccount(lab: Lab) {
  const { standin } = lab
  const config = { endpoint: standin.url, region: standin.region, credentials: standin.operator }
  const ec2 = new EC2Client(config)
  const iam = new IAMClient(config)
  const made = await ec2.send(
    new CreateSecurityGroupCommand({ GroupName: 'lab', Description: 'of the lab' }),
  )
  const GroupId = made.GroupId as string
  const open = async (permission: Partial<IpPermission>) => {
    const tcp = { IpProtocol: 'tcp', FromPort: port, ToPort: port, ...permission }
    const authorize = { GroupId, IpPermissions: [tcp] }
    // A new group needs its time until EC2 knows it.
    await until(async () => {
      const call = ec2.send(new AuthorizeSecurityGroupIngressCommand(authorize))
      return await unless('InvalidGroup.NotFound', call)
    }, 'the rule')
  }
  await iam.send(new CreateRoleCommand({ RoleName: 'lab', AssumeRolePolicyDocument: trustEc2 }))
  await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName: 'lab' }))
  await iam.send(
    new AddRoleToInstanceProfileCommand({ InstanceProfileName: 'lab', RoleName: 'lab' }),
  )

  const gone = async ({ instance: { id } }: Machine) =>
    await until(() => !lab.machines().some(({ instance }) => instance.id === id), `${id} ends`)

  return {
    ec2,
    gone,
    openToOperator: async () => await open({ IpRanges: [{ CidrIp: `${operatorAddress}/32` }] }),
    openToItself: async () => await open({ UserIdGroupPairs: [{ GroupId }] }),

    /** The machine, as soon as it is on. */
    async launch(
      userData: Buffer | string,
      more: Partial<RunInstancesCommandInput> = {},
    ): Promise<Machine> {
      const [image] = standin.world.options.images.filter(({ name }) =>
        /^al2023-ami-2023.*arm64/.test(name),
      )
      const input = {
        ImageId: image?.id,
        InstanceType: 't4g.small' as const,
        MinCount: 1,
        MaxCount: 1,
        SecurityGroupIds: [GroupId],
        MetadataOptions: { HttpTokens: 'required' as const },
        InstanceInitiatedShutdownBehavior: 'terminate' as const,
        UserData: Buffer.from(userData).toString('base64'),
        ...more,
      }
      // A profile needs its time until EC2 knows it.
      const answer = await until(
        async () => await unless('InvalidParameterValue', ec2.send(new RunInstancesCommand(input))),
        'the launch',
      )
      const id = answer.Instances?.[0]?.InstanceId
      return await until(
        () => lab.machines().find((one) => one.instance.id === id && one.isOn()),
        'it boots',
      )
    },

    async end(machine: Machine): Promise<void> {
      await ec2.send(new TerminateInstancesCommand({ InstanceIds: [machine.instance.id] }))
      await gone(machine)
      await until(() => !machine.isOn(), 'its power goes')
    },

    close() {
      ec2.destroy()
      iam.destroy()
    },
  }
}

/** Undefined when it fails in this way. */
async function unless<T>(name: string, call: Promise<T>): Promise<T | undefined> {
  try {
    return await call
  } catch (error) {
    if ((error as Error).name === name) return undefined
    throw error
  }
}
