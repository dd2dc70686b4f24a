// Instances over time: the lag after a launch, states, shutdowns, what termination lets go of.

import {
  DeleteSecurityGroupCommand,
  DescribeInstanceStatusCommand,
  DescribeInstancesCommand,
  GetConsoleOutputCommand,
  RebootInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2'
import { expect, test } from 'vitest'
import { type Account, account, group, launch, outcome, settled } from '../clients.ts'
import { realClock } from '../clock.ts'

async function states({ ec2 }: Account): Promise<(string | undefined)[]> {
  const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand())
  return Reservations.flatMap(({ Instances = [] }) => Instances.map(({ State }) => State?.Name))
}

test('a new instance is not there yet, for reading, changing or tagging', async () => {
  const here = await account({ delays: { instanceLagMs: 1_000, pendingMs: 2_000 } })
  const { ec2, clock } = here
  const id = await launch(here)
  const ids = { InstanceIds: [id] }
  expect(await states(here)).toEqual([])
  const missing = 'InvalidInstanceID.NotFound'
  expect(await outcome(ec2.send(new DescribeInstancesCommand(ids)))).toBe(missing)
  expect(await outcome(ec2.send(new TerminateInstancesCommand(ids)))).toBe(missing)
  clock.advance(1_000)
  expect(await states(here)).toEqual(['pending'])
  const running = await ec2.send(new DescribeInstanceStatusCommand({}))
  expect(running.InstanceStatuses).toEqual([])
  clock.advance(1_000)
  expect(await states(here)).toEqual(['running'])
  const odd = { InstanceIds: ['i-1'] }
  expect(await outcome(ec2.send(new DescribeInstancesCommand(odd)))).toBe(
    'InvalidInstanceID.Malformed',
  )
})

test('terminates over time, stays listed for a while, and takes its volume along', async () => {
  const here = await account({ delays: { shuttingDownMs: 500, terminatedListedMs: 60_000 } })
  const { ec2, clock, standin } = here
  const events: string[] = []
  standin.events.on('state', ({ from, to }) => events.push(`${from} → ${to}`))
  const id = await launch(here)
  clock.advance(settled)
  const terminate = () => ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }))
  const answer = await terminate()
  expect(answer.TerminatingInstances).toMatchObject([
    { PreviousState: { Name: 'running' }, CurrentState: { Name: 'shutting-down' } },
  ])
  clock.advance(500)
  const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }))
  const gone = Reservations?.[0]?.Instances?.[0]
  expect(gone).toMatchObject({
    State: { Name: 'terminated' },
    StateReason: { Code: 'Client.UserInitiatedShutdown' },
  })
  expect([gone?.VpcId, gone?.PublicIpAddress, gone?.SecurityGroups]).toEqual([
    undefined,
    undefined,
    undefined,
  ])
  expect(standin.world.volumes.size).toBe(0)
  expect(await outcome(terminate())).toBe('ok')
  clock.advance(60_000)
  expect(await states(here)).toEqual([])
  expect(await outcome(terminate())).toBe('InvalidInstanceID.NotFound')
  expect(events).toEqual([
    'undefined → pending',
    'pending → running',
    'running → shutting-down',
    'shutting-down → terminated',
  ])
})

test('a shutdown from within stops or terminates, and a stopped one starts again', async () => {
  const here = await account()
  const { ec2, clock, standin } = here
  const kept = await launch(here)
  const gone = await launch(here, { InstanceInitiatedShutdownBehavior: 'terminate' })
  clock.advance(settled)
  standin.shutdown(kept)
  standin.shutdown(gone)
  clock.advance(settled)
  expect(await states(here)).toEqual(['stopped', 'terminated'])
  expect(standin.instances()[0]?.publicIp).toBeUndefined()
  await ec2.send(new StartInstancesCommand({ InstanceIds: [kept] }))
  clock.advance(settled)
  let rebooted = ''
  standin.events.on('reboot', ({ id }) => {
    rebooted = id
  })
  await ec2.send(new RebootInstancesCommand({ InstanceIds: [kept] }))
  expect(rebooted).toBe(kept)
  await ec2.send(new StopInstancesCommand({ InstanceIds: [kept] }))
  expect(await states(here)).toEqual(['stopping', 'terminated'])
  const stopGone = ec2.send(new StopInstancesCommand({ InstanceIds: [kept, gone] }))
  expect(await outcome(stopGone)).toBe('IncorrectInstanceState')
})

test('the spot notice comes before the end', async () => {
  const here = await account({ delays: { spotNoticeMs: 120_000 } })
  const id = await launch(here, { InstanceMarketOptions: { MarketType: 'spot' } })
  here.clock.advance(settled)
  here.standin.interrupt(id)
  expect(here.standin.instances()[0]?.spotNotice).toBeDefined()
  here.clock.advance(119_000)
  expect(await states(here)).toEqual(['running'])
  here.clock.advance(2_000)
  expect(await states(here)).toEqual(['terminated'])
})

test('a group is in use until some time after the last instance is terminated', async () => {
  const here = await account({ delays: { shuttingDownMs: 100, interfaceLagMs: 1_000 } })
  const { ec2, clock, standin } = here
  const sg = await group(here)
  const id = await launch(here, { SecurityGroupIds: [sg] })
  const remove = () => outcome(ec2.send(new DeleteSecurityGroupCommand({ GroupId: sg })))
  clock.advance(settled)
  expect(await remove()).toBe('DependencyViolation')
  await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }))
  clock.advance(500)
  expect(await states(here)).toEqual(['terminated'])
  expect(await remove()).toBe('DependencyViolation')
  clock.advance(1_000)
  expect(await remove()).toBe('ok')
  expect(standin.leftovers()).toEqual([])
})

test('the console has the text that the lab gave', async () => {
  const here = await account()
  const id = await launch(here)
  here.clock.advance(settled)
  here.standin.setConsole(id, 'tm: dnf failed & <stopped>\n')
  const { Output = '' } = await here.ec2.send(new GetConsoleOutputCommand({ InstanceId: id }))
  expect(Buffer.from(Output, 'base64').toString()).toBe('tm: dnf failed & <stopped>\n')
})

test('in real time, with short delays', async () => {
  const here = await account({ clock: realClock() })
  await launch(here)
  await expect.poll(() => states(here), { interval: 10 }).toEqual(['running'])
})
