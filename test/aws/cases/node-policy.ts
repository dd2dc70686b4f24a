// A node with a least-privilege policy: workers of its cluster, no more.

import {
  CreateTagsCommand,
  DescribeInstancesCommand,
  type RunInstancesCommandInput,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2'
import { describe, expect, test } from 'vitest'
import { account, group, launch, outcome, profile, refusal, settled } from '../clients.ts'

describe('a node bound by the policy of its role', () => {
  const cluster = { 'aws:RequestTag/tm:cluster': 'c', 'aws:RequestTag/tm:kind': 'worker' }
  const arn = (rest: string) => `arn:aws:ec2:us-east-1:${rest}`
  const statements = (sg: string) => [
    {
      Effect: 'Allow',
      Action: 'ec2:Describe*',
      Resource: '*',
      Condition: { StringEquals: { 'aws:RequestedRegion': 'us-east-1' } },
    },
    {
      Effect: 'Allow',
      Action: 'ec2:RunInstances',
      Resource: [
        arn(':image/*'),
        arn('123456789012:subnet/*'),
        arn('123456789012:network-interface/*'),
        arn(`123456789012:security-group/${sg}`),
      ],
    },
    {
      Effect: 'Allow',
      Action: 'ec2:RunInstances',
      Resource: arn('123456789012:instance/*'),
      Condition: {
        StringEquals: { ...cluster, 'ec2:MetadataHttpTokens': 'required' },
        Null: { 'ec2:InstanceProfile': 'true' },
        'ForAllValues:StringEquals': { 'aws:TagKeys': ['tm:cluster', 'tm:kind'] },
      },
    },
    {
      Effect: 'Allow',
      Action: 'ec2:RunInstances',
      Resource: arn('123456789012:volume/*'),
      Condition: { StringEquals: cluster },
    },
    {
      Effect: 'Allow',
      Action: 'ec2:CreateTags',
      Resource: [arn('*:instance/*'), arn('*:volume/*')],
      Condition: { StringEquals: { 'ec2:CreateAction': 'RunInstances' } },
    },
    {
      Effect: 'Allow',
      Action: 'ec2:TerminateInstances',
      Resource: '*',
      Condition: { StringLike: { 'ec2:ResourceTag/tm:kind': 'work*' } },
    },
  ]

  async function node() {
    const here = await account()
    const sg = await group(here)
    await profile(here, 'tm-node', statements(sg))
    const id = await launch(here, { IamInstanceProfile: { Name: 'tm-node' } })
    here.clock.advance(settled)
    const credentials = here.standin.credentialsFor(id)
    if (!credentials) throw new Error('no credentials')
    const Tags = [
      { Key: 'tm:cluster', Value: 'c' },
      { Key: 'tm:kind', Value: 'worker' },
    ]
    const worker: Partial<RunInstancesCommandInput> = {
      SecurityGroupIds: [sg],
      MetadataOptions: { HttpTokens: 'required' },
      TagSpecifications: [
        { ResourceType: 'instance', Tags },
        { ResourceType: 'volume', Tags },
      ],
    }
    return { ...here, ...here.as(credentials), id, worker, Tags }
  }

  test('launches and terminates workers, and nothing else', async () => {
    const here = await node()
    const { ec2, clock, worker, id, Tags } = here
    const launched = await launch(here, worker)
    clock.advance(settled)
    expect(await outcome(ec2.send(new DescribeInstancesCommand()))).toBe('ok')
    const denied = await refusal(ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] })))
    expect([denied.name, denied.$metadata.httpStatusCode]).toEqual(['UnauthorizedOperation', 403])
    expect(denied.message).toContain(
      `assumed-role/tm-node/${id} is not authorized to perform: ec2:TerminateInstances on ` +
        `resource: arn:aws:ec2:us-east-1:123456789012:instance/${id}`,
    )
    const mine = { InstanceIds: [launched] }
    expect(await outcome(ec2.send(new TerminateInstancesCommand(mine)))).toBe('ok')
    const tag = { Resources: [id], Tags }
    expect(await outcome(ec2.send(new CreateTagsCommand(tag)))).toBe('UnauthorizedOperation')
  })

  test('each missing condition denies the launch, on the resource it is about', async () => {
    const here = await node()
    const { worker, Tags } = here
    const [onInstance] = worker.TagSpecifications ?? []
    const more = { ResourceType: 'instance' as const, Tags: [...Tags, { Key: 'x', Value: '' }] }
    const rows: [Partial<RunInstancesCommandInput>, string][] = [
      [{ MetadataOptions: { HttpTokens: 'optional' } }, 'instance/*'],
      [{ IamInstanceProfile: { Name: 'tm-node' } }, 'instance/*'],
      [{ TagSpecifications: [] }, 'volume/*'],
      [{ TagSpecifications: onInstance && [onInstance] }, 'volume/*'],
      [{ TagSpecifications: [more, { ResourceType: 'volume', Tags }] }, 'instance/*'],
      [{ SecurityGroupIds: [] }, 'security-group/sg-'],
      [{ InstanceMarketOptions: { MarketType: 'spot' } }, 'spot-instances-request/*'],
    ]
    for (const [change, resource] of rows) {
      const error = await refusal(launch(here, { ...worker, ...change }))
      expect(error.name).toBe('UnauthorizedOperation')
      expect(error.message).toContain(`:${resource}`)
    }
    expect(here.standin.instances()).toHaveLength(1)
  })
})
