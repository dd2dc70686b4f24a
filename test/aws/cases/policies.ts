// The policies of roles and of the operator as they bind calls to EC2 and IAM.

import { DescribeInstancesCommand } from '@aws-sdk/client-ec2'
import { CreateRoleCommand, ListRolesCommand, PutRolePolicyCommand } from '@aws-sdk/client-iam'
import { expect, test } from 'vitest'
import { account, launch, outcome, profile, refusal, settled, trustEc2 } from '../clients.ts'

const boundary = 'arn:aws:iam::123456789012:policy/limit'

const all = { Effect: 'Allow', Action: '*', Resource: '*' } as const

test('an operator needs PassRole; a boundary and a deny cut a role short', async () => {
  const here = await account({
    managedPolicies: {
      [boundary]: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Action: 'ec2:Describe*', Resource: '*' }],
      },
    },
  })
  const { iam, standin, clock } = here
  await profile(here, 'tm-node', [all])
  const run = { IamInstanceProfile: { Name: 'tm-node' } }
  const statement = (...Statement: object[]) => ({ Version: '2012-10-17', Statement })
  standin.setOperatorPolicy(statement({ Effect: 'Allow', Action: 'ec2:*', Resource: '*' }))
  expect((await refusal(launch(here, run))).message).toContain('iam:PassRole on resource')
  const pass = {
    Effect: 'Allow',
    Action: 'iam:PassRole',
    Resource: 'arn:aws:iam::*:role/tm/*',
    Condition: { StringEqualsIfExists: { 'iam:PassedToService': 'ec2.amazonaws.com' } },
  }
  standin.setOperatorPolicy(statement({ Effect: 'Allow', Action: 'ec2:*', Resource: '*' }, pass))
  const id = await launch(here, run)
  expect((await refusal(iam.send(new ListRolesCommand()))).name).toBe('AccessDenied')
  standin.setOperatorPolicy(undefined)
  clock.advance(settled)

  const credentials = standin.credentialsFor(id)
  if (!credentials) throw new Error('no credentials')
  const { ec2, iam: nodeIam } = here.as(credentials)
  expect(await outcome(nodeIam.send(new ListRolesCommand()))).toBe('ok')
  const role = standin.world.roles.get('tm-node')
  if (role) role.boundary = boundary
  expect((await refusal(nodeIam.send(new ListRolesCommand()))).message).toContain(
    'no permissions boundary allows',
  )
  const deny = {
    Effect: 'Deny',
    Action: 'ec2:*',
    Resource: '*',
    Condition: { ArnLike: { 'aws:PrincipalArn': 'arn:aws:sts::*:assumed-role/tm-node/*' } },
  }
  await iam.send(
    new PutRolePolicyCommand({
      RoleName: 'tm-node',
      PolicyName: 'deny',
      PolicyDocument: JSON.stringify(statement(deny)),
    }),
  )
  expect((await refusal(ec2.send(new DescribeInstancesCommand()))).message).toContain(
    'with an explicit deny',
  )
})

test('a policy that the evaluator cannot judge is refused when it is put', async () => {
  const { iam } = await account()
  await iam.send(new CreateRoleCommand({ RoleName: 'r', AssumeRolePolicyDocument: trustEc2 }))
  const put = (statement: object) =>
    outcome(
      iam.send(
        new PutRolePolicyCommand({
          RoleName: 'r',
          PolicyName: 'p',
          PolicyDocument: JSON.stringify({
            Version: '2012-10-17',
            Statement: [{ ...all, ...statement }],
          }),
        }),
      ),
    )
  const bad = 'MalformedPolicyDocumentException'
  expect(await put({ Condition: { DateLessThan: { 'aws:CurrentTime': 'x' } } })).toBe(bad)
  expect(await put({ Resource: `arn:aws:ec2:*:*:instance/$${'{aws:userid}'}` })).toBe(bad)
  expect(await put({ Principal: '*' })).toBe(bad)
  expect(await put({ Action: 'RunInstances' })).toBe(bad)
  expect(await put({ Sid: 'x'.repeat(11_000) })).toBe('LimitExceededException')
  expect(await put({})).toBe('ok')
})
