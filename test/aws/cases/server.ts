// The stand-in as a server: ordered faults, the log and its hooks, strict parameters, and the
// stand-in in a process of its own.

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { DescribeInstancesCommand, EC2Client, RunInstancesCommand } from '@aws-sdk/client-ec2'
import { GetRoleCommand } from '@aws-sdk/client-iam'
import { describe, expect, onTestFinished, test } from 'vitest'
import { account, launch, launchInput, outcome, refusal } from '../clients.ts'
import { connect } from '../control.ts'

describe('ordered faults', () => {
  test('fail so many calls of the action, then let it through', async () => {
    const here = await account()
    const { standin, ec2 } = here
    const fault = standin.fail({
      action: 'RunInstances',
      times: 2,
      code: 'InsufficientInstanceCapacity',
    })
    const error = await refusal(ec2.send(new RunInstancesCommand(launchInput(standin))))
    expect([error.name, error.$metadata.httpStatusCode]).toEqual([
      'InsufficientInstanceCapacity',
      500,
    ])
    expect(await outcome(ec2.send(new DescribeInstancesCommand()))).toBe('ok')
    expect(await outcome(launch(here))).toBe('InsufficientInstanceCapacity')
    expect(await outcome(launch(here))).toBe('ok')
    expect(fault.hits).toBe(2)
    expect(standin.instances()).toHaveLength(1)
  })

  test.each([
    ['RequestLimitExceeded', 503],
    ['UnauthorizedOperation', 403],
    ['InvalidInstanceID.NotFound', 400],
  ])('%s comes with %i', async (code, status) => {
    const { standin, ec2 } = await account()
    standin.fail({ action: '*', code, skip: 1 })
    expect(await outcome(ec2.send(new DescribeInstancesCommand()))).toBe('ok')
    const error = await refusal(ec2.send(new DescribeInstancesCommand()))
    expect([error.name, error.$metadata.httpStatusCode]).toEqual([code, status])
  })

  test('ExpiredToken is read from the error format of IAM', async () => {
    const { standin, iam } = await account()
    standin.fail({ action: 'GetRole', code: 'ExpiredToken', message: 'expired' })
    const error = await refusal(iam.send(new GetRoleCommand({ RoleName: 'r' })))
    expect(error).toMatchObject({ name: 'ExpiredToken', message: 'expired' })
    expect(error.$metadata.httpStatusCode).toBe(403)
  })

  test('the answer is lost, or the connection, and the effect stays', async () => {
    const here = await account()
    const { standin, ec2 } = here
    standin.fail({ action: 'RunInstances', code: 'InternalError', after: true })
    const again = { ClientToken: 'one' }
    expect(await outcome(launch(here, again))).toBe('InternalError')
    standin.fail({ action: 'RunInstances', code: 'cut', after: true, cut: true })
    expect(await outcome(launch(here, again))).not.toBe('ok')
    expect(await outcome(launch(here, again))).toBe('ok')
    expect(standin.instances()).toHaveLength(1)
    standin.fail({ action: 'DescribeInstances', code: 'Unavailable', where: { MaxResults: '7' } })
    expect(await outcome(ec2.send(new DescribeInstancesCommand()))).toBe('ok')
    expect(await outcome(ec2.send(new DescribeInstancesCommand({ MaxResults: 7 })))).toBe(
      'Unavailable',
    )
  })
})

test('hooks run before and after the effect; the log has every call', async () => {
  const here = await account()
  const { standin } = here
  const seen: [string, number][] = []
  const note = (when: string) => () => void seen.push([when, standin.instances().length])
  const remove = standin.onCall('RunInstances', note('before'))
  standin.onCall('*', note('after'), 'after')
  await launch(here)
  remove()
  await launch(here, { MinCount: 0 }).catch(() => {})
  expect(seen).toEqual([
    ['before', 0],
    ['after', 1],
  ])
  const [first, second] = standin.calls
  expect(first).toMatchObject({
    number: 1,
    service: 'ec2',
    action: 'RunInstances',
    who: 'arn:aws:iam::123456789012:user/operator',
    outcome: 'ok',
    status: 200,
  })
  expect(first?.params).toMatchObject({ InstanceType: 't4g.small' })
  expect(second).toMatchObject({ outcome: 'InvalidParameterValue', status: 400 })
})

test('unknown parameters and actions are refused, not ignored', async () => {
  const here = await account()
  expect(await outcome(launch(here, { DisableApiTermination: true }))).toBe('UnknownParameter')
  const unknown = await fetch(`${here.standin.url}/?Action=Foo&Version=1999-01-01`)
  expect(await unknown.text()).toContain('<Code>InvalidAction</Code>')
  const malformed = await fetch(`${here.standin.url}/?Version=2016-11-15&A=1&A.1=2`)
  expect(await malformed.text()).toContain('<Code>MalformedQueryString</Code>')
})

test('runs as a process of its own, with a control endpoint', async () => {
  const options = JSON.stringify({ delays: { pendingMs: 0, instanceLagMs: 0 } })
  const child = spawn(process.execPath, [`${import.meta.dirname}/../main.ts`, options], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill())
  const [line] = await createInterface(child.stdout)
    [Symbol.asyncIterator]()
    .next()
    .then(({ value }) => [String(value)])
  const { url, control, env } = JSON.parse(line ?? '')
  const remote = connect(control)
  const stream = await fetch(`${control}/events`)
  const ec2 = new EC2Client({
    endpoint: url,
    region: env.AWS_REGION,
    maxAttempts: 1,
    credentials: { accessKeyId: env.AWS_ACCESS_KEY_ID, secretAccessKey: env.AWS_SECRET_ACCESS_KEY },
  })
  await remote.fail({ action: 'DescribeInstances', code: 'Unavailable' })
  expect(await outcome(ec2.send(new DescribeInstancesCommand()))).toBe('Unavailable')
  const run = { ImageId: 'ami-012b1100000000000', InstanceType: 't4g.nano' as const }
  await ec2.send(new RunInstancesCommand({ ...run, MinCount: 1, MaxCount: 1 }))
  const [instance] = await remote.instances()
  expect(instance).toMatchObject({ type: 't4g.nano', shutdownBehavior: 'stop' })
  expect((await remote.calls()).map(({ action }) => action)).toEqual([
    'DescribeInstances',
    'RunInstances',
  ])
  expect(await remote.credentialsFor(instance?.id ?? '')).toBeNull()
  await expect(remote.shutdown('i-0')).rejects.toThrow('no instance i-0')
  const reader = stream.body?.getReader()
  const told = new TextDecoder().decode((await reader?.read())?.value)
  expect(told).toContain(`{"kind":"state","id":"${instance?.id}","to":"pending"}`)
  await reader?.cancel()
  child.stdin.end()
  await new Promise((resolve) => child.once('exit', resolve))
})
