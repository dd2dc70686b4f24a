/** What an `AwsContext` adds to the SDK: the right client, expected answers, pages, waiting. */
import { DescribeSubnetsCommand, RunInstancesCommand } from '@aws-sdk/client-ec2'
import { GetRoleCommand, ListRolesCommand } from '@aws-sdk/client-iam'
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { expect, it } from 'vitest'
import { createContext } from '../../../src/provider/ec2/aws/context.ts'

interface Sent {
  client: string
  input: { NextToken?: string; Marker?: string }
}

/** A context whose clients answer with what `answer` returns or throws, on a clock of its own. */
function open(answer: (sent: Sent) => object = () => ({})) {
  const sent: Sent[] = []
  const client = (name: string) => ({
    async send({ input }: { input: Sent['input'] }) {
      sent.push({ client: name, input })
      return answer({ client: name, input })
    },
  })
  const names = ['ec2', 'iam', 'sts']
  const clients = Object.fromEntries(names.map((name) => [name, client(name)]))
  let now = 0
  const aws = createContext(clients as never, 'us-east-1', {
    now: () => now,
    async sleep(ms) {
      now += ms
    },
    random: () => 1,
  })
  return { aws, sent }
}

const doing = 'trying it'
const role = new GetRoleCommand({ RoleName: 'r' })
const fails = (code: string) => () => {
  throw Object.assign(new Error(code), { name: code, $fault: 'client' })
}

it('sends each command with the client of its service', async () => {
  const { aws, sent } = open()
  await aws.call(new DescribeSubnetsCommand({}), { doing })
  await aws.call(new RunInstancesCommand({ MinCount: 1, MaxCount: 1 }), { doing })
  await aws.call(role, { doing })
  await aws.call(new GetCallerIdentityCommand({}), { doing })
  expect(sent.map(({ client }) => client)).toEqual(['ec2', 'ec2', 'iam', 'sts'])
})

it('takes an expected code for an answer, and no other one', async () => {
  const { aws, sent } = open(fails('NoSuchEntity'))
  expect(await aws.call(role, { doing, answers: ['NoSuchEntity'] })).toBeUndefined()
  expect(await aws.attempt(role, { doing, answers: ['NoSuchEntity'] })).toEqual({
    code: 'NoSuchEntity',
  })
  expect(sent).toHaveLength(2)
  await expect(aws.call(role, { doing, deadlineMs: 5000 })).rejects.toThrow(/NoSuchEntity.*tries/)
})

it('names the region in errors of EC2, not in those of IAM', async () => {
  const { aws } = open(fails('AuthFailure'))
  const subnets = aws.call(new DescribeSubnetsCommand({}), { doing })
  await expect(subnets).rejects.toThrow(/credentials in us-east-1$/)
  await expect(aws.call(role, { doing })).rejects.toThrow(/credentials$/)
})

it('reads all pages of EC2 and of IAM', async () => {
  const { aws, sent } = open(({ input }) =>
    input.NextToken || input.Marker
      ? { Subnets: ['b'], Roles: ['d'] }
      : { Subnets: ['a'], Roles: ['c'], NextToken: 'second', Marker: 'second' },
  )
  const subnets = (NextToken?: string) => new DescribeSubnetsCommand({ NextToken })
  expect(await aws.list(subnets, ({ Subnets }) => Subnets, { doing })).toEqual(['a', 'b'])
  const roles = (Marker?: string) => new ListRolesCommand({ Marker })
  expect(await aws.list(roles, ({ Roles }) => Roles, { doing })).toEqual(['c', 'd'])
  expect(sent).toHaveLength(4)
})

it('waits until something is found, or the time is over', async () => {
  const { aws } = open()
  let looks = 0
  const third = async () => (++looks === 3 ? looks : undefined)
  expect(await aws.until(third, 60_000)).toBe(3)
  expect(aws.now()).toBe(3000)
  expect(await aws.until(async () => undefined, 10_000)).toBeUndefined()
  expect(aws.now()).toBe(3000 + 1000 + 2000 + 4000 + 5000)
})
