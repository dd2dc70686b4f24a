/** `tm policy` prints the policies that `tm up` writes and that the operator needs. */
import { afterEach, expect, it } from 'vitest'
import { nodeTrustPolicy, operatorPolicy } from '../../../src/provider/ec2/iam/policies.ts'
import { type Laptop, openLaptop } from './laptop.ts'

let laptop: Laptop
afterEach(() => laptop.close())

const place = { account: '123456789012', partition: 'aws', region: 'us-east-1' }

it('of the operator is for the account of the credentials', async () => {
  laptop = await openLaptop()
  const { stdout, exitCode } = await laptop.tm(['policy', 'operator'])
  expect(exitCode).toBe(0)
  expect(JSON.parse(stdout)).toEqual(operatorPolicy(place))
  expect(laptop.standin.calls.map(({ action }) => action)).toEqual(['GetCallerIdentity'])
  const { json } = await laptop.json(['policy', 'node-trust'])
  expect(json).toEqual(nodeTrustPolicy(place))
})

it('needs no credentials where the account is named', async () => {
  laptop = await openLaptop()
  const env = { AWS_REGION: '', AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' }
  const argv = ['policy', 'operator', '--account', '210987654321', '--region', 'us-gov-west-1']
  const { stdout } = await laptop.tm(argv, { env })
  const gov = { account: '210987654321', partition: 'aws-us-gov', region: 'us-gov-west-1' }
  expect(JSON.parse(stdout)).toEqual(operatorPolicy(gov))
  expect(laptop.standin.calls).toEqual([])
})

it('of a node is the one that tm up has written', async () => {
  laptop = await openLaptop()
  await laptop.up({ nodes: 1, choices: { allowCidrs: ['203.0.113.7/32'], tags: { Team: 'x' } } })
  const role = laptop.standin.world.roles.get('tm-us-east-1-default')
  const { json } = await laptop.json(['policy', 'node'])
  expect(json).toEqual(JSON.parse(role?.policies.get('tm-node')?.text ?? ''))
})

it('of a node names a group, so there has to be one', async () => {
  laptop = await openLaptop()
  expect(await laptop.tm(['policy', 'node'])).toEqual({
    stdout: '',
    stderr: `Error: Cluster default has no security group in us-east-1, and the policy of its nodes names it
  → Name it: tm policy --security-group sg-… node
  → Or create the cluster first: tm up
`,
    exitCode: 1,
  })
  const { stdout } = await laptop.tm(['policy', 'node', '--security-group', 'sg-0123456789abcdef0'])
  expect(stdout).toContain('security-group/sg-')
  expect(laptop.standin.leftovers()).toEqual([])
})

it.each([
  [['policy', 'node', '--account', '1'], '--account must be twelve digits, not "1"'],
  [['policy', 'node', '--security-group', 'x'], '--security-group must be an id such as sg-0ab1'],
])('%j is refused', async (argv, text) => {
  laptop = await openLaptop()
  const { stderr, exitCode } = await laptop.tm(argv)
  expect(stderr).toContain(text)
  expect(exitCode).toBe(2)
})
