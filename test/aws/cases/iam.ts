// IAM on the stand-in: roles, their policies, and instance profiles.

import {
  AddRoleToInstanceProfileCommand,
  CreateInstanceProfileCommand,
  CreateRoleCommand,
  DeleteInstanceProfileCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  GetInstanceProfileCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  ListAttachedRolePoliciesCommand,
  ListInstanceProfilesCommand,
  ListInstanceProfilesForRoleCommand,
  ListRolePoliciesCommand,
  ListRolesCommand,
  PutRolePolicyCommand,
  RemoveRoleFromInstanceProfileCommand,
  TagRoleCommand,
} from '@aws-sdk/client-iam'
import { expect, test } from 'vitest'
import { account, outcome, refusal, trustEc2 } from '../clients.ts'

const boundary = 'arn:aws:iam::123456789012:policy/limit'

const all = { Effect: 'Allow', Action: '*', Resource: '*' } as const

test('role, policy and profile: made, read, and deleted from the outside in', async () => {
  const { iam } = await account({
    managedPolicies: { [boundary]: { Version: '2012-10-17', Statement: [all] } },
  })
  const RoleName = 'tm-node'
  const InstanceProfileName = 'tm-profile'
  const create = (more: object) =>
    iam.send(
      new CreateRoleCommand({
        RoleName,
        Path: '/tm/',
        AssumeRolePolicyDocument: trustEc2,
        Tags: [{ Key: 'tm:cluster', Value: 'c' }],
        ...more,
      }),
    )
  expect(await outcome(create({ PermissionsBoundary: `${boundary}-not` }))).toBe(
    'NoSuchEntityException',
  )
  expect(await outcome(create({ AssumeRolePolicyDocument: '{' }))).toBe(
    'MalformedPolicyDocumentException',
  )
  const made = await create({ PermissionsBoundary: boundary })
  expect(made.Role?.Arn).toBe('arn:aws:iam::123456789012:role/tm/tm-node')
  const twice = await refusal(create({}))
  expect(twice.name).toBe('EntityAlreadyExistsException')
  expect(twice.message).toBe('Role with name tm-node already exists.')
  expect(twice.$metadata.httpStatusCode).toBe(409)
  await iam.send(new TagRoleCommand({ RoleName, Tags: [{ Key: 'b', Value: '2' }] }))
  const { Role } = await iam.send(new GetRoleCommand({ RoleName }))
  expect(Role?.Tags).toHaveLength(2)
  expect(Role?.PermissionsBoundary?.PermissionsBoundaryArn).toBe(boundary)
  expect(JSON.parse(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? ''))).toEqual(
    JSON.parse(trustEc2),
  )
  const absent = await refusal(iam.send(new GetRoleCommand({ RoleName: 'none' })))
  expect([absent.name, absent.$metadata.httpStatusCode]).toEqual(['NoSuchEntityException', 404])

  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [all] })
  const policy = { RoleName, PolicyName: 'p' }
  await iam.send(new PutRolePolicyCommand({ ...policy, PolicyDocument }))
  const read = await iam.send(new GetRolePolicyCommand(policy))
  expect(decodeURIComponent(read.PolicyDocument ?? '')).toBe(PolicyDocument)
  const { PolicyNames } = await iam.send(new ListRolePoliciesCommand({ RoleName }))
  expect(PolicyNames).toEqual(['p'])
  const attached = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }))
  expect(attached.AttachedPolicies).toEqual([])

  const pair = { InstanceProfileName, RoleName }
  await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName, Path: '/tm/' }))
  expect(await outcome(iam.send(new CreateInstanceProfileCommand({ InstanceProfileName })))).toBe(
    'EntityAlreadyExistsException',
  )
  await iam.send(new AddRoleToInstanceProfileCommand(pair))
  expect(await outcome(iam.send(new AddRoleToInstanceProfileCommand(pair)))).toBe(
    'LimitExceededException',
  )
  const got = await iam.send(new GetInstanceProfileCommand({ InstanceProfileName }))
  expect(got.InstanceProfile?.Roles?.[0]?.RoleName).toBe(RoleName)
  const ofRole = await iam.send(new ListInstanceProfilesForRoleCommand({ RoleName }))
  expect(ofRole.InstanceProfiles).toHaveLength(1)
  const PathPrefix = '/tm/'
  expect((await iam.send(new ListRolesCommand({ PathPrefix }))).Roles).toHaveLength(1)
  expect((await iam.send(new ListRolesCommand({ PathPrefix: '/x/' }))).Roles).toEqual([])
  const profiles = await iam.send(new ListInstanceProfilesCommand({ PathPrefix }))
  expect(profiles.InstanceProfiles).toHaveLength(1)

  const steps: [() => Promise<unknown>, string][] = [
    [() => iam.send(new DeleteRoleCommand({ RoleName })), 'DeleteConflictException'],
    [
      () => iam.send(new DeleteInstanceProfileCommand({ InstanceProfileName })),
      'DeleteConflictException',
    ],
    [() => iam.send(new RemoveRoleFromInstanceProfileCommand(pair)), 'ok'],
    [() => iam.send(new DeleteRoleCommand({ RoleName })), 'DeleteConflictException'],
    [() => iam.send(new DeleteRolePolicyCommand(policy)), 'ok'],
    [() => iam.send(new DeleteRolePolicyCommand(policy)), 'NoSuchEntityException'],
    [() => iam.send(new DeleteRoleCommand({ RoleName })), 'ok'],
    [() => iam.send(new DeleteInstanceProfileCommand({ InstanceProfileName })), 'ok'],
  ]
  for (const [step, wanted] of steps) expect(await outcome(step())).toBe(wanted)
})
