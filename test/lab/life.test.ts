/** The lab itself: how machines restart, stop and end, and that nothing of them is left. */
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import {
  RebootInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
} from '@aws-sdk/client-ec2'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Account, openAccount } from './account.ts'
import { server } from './fixture.ts'
import { type Lab, openLab } from './lab.ts'
import type { Machine } from './machine.ts'
import { networkOf, processesIn } from './namespace.ts'
import { enclosed, skipReason } from './needs.ts'
import { operatorAddress } from './network.ts'
import { ask, lines, metadata, serves } from './questions.ts'
import { until } from './until.ts'

let lab: Lab
let account: Account
let one: Machine
let other: Machine

beforeAll(async () => {
  if (skipReason) return
  lab = await openLab({
    speed: 60,
    standin: { delays: { spotNoticeMs: 3000 }, spotRole: true },
  })
  account = await openAccount(lab)
  await account.openToOperator()
  one = await account.launch(server)
  other = await account.launch(server)
  await Promise.all([serves(one), serves(other)])
})
beforeEach((context) => {
  if (skipReason) context.skip(skipReason)
})
afterAll(async () => {
  account?.close()
  await lab?.close()
})

const fromOperator = async (address?: string) => (await lab.run('bash', '-c', ask(address))).stdout

const networks = () => {
  const pids = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid))
  return new Set(pids.map((pid) => networkOf(pid) ?? ''))
}
describe('a machine', () => {
  it('starts a service again that was killed', async () => {
    const before = lines(one, '/var/lib/starts')
    one.killUnit()
    await until(() => lines(one, '/var/lib/starts') === before + 1, 'it starts again')
    await serves(one)
    expect(one.journal()).toContain('tm.service: Main process exited, killed, SIGKILL')
    expect(await one.exec('systemctl is-active tm')).toBe('active\n')
  })

  it('gives up a service that always fails, as systemd does', async () => {
    const unit = '[Service]\nExecStart=/bin/false\nRestart=always\n'
    await one.exec(`printf '${unit}' > /etc/systemd/system/bad.service && systemctl start bad`)
    await until(() => one.journal().includes('bad.service: Start request repeated'), 'it gives up')
    await expect(one.exec('systemctl is-active bad')).rejects.toThrow('failed')
    await expect(one.exec('systemctl start none')).rejects.toThrow('Unit none.service not found')
  })

  it('keeps its disk when it restarts, and runs no user-data again', async () => {
    const starts = lines(one, '/var/lib/starts')
    await one.exec('touch /run/lost /tmp/lost; shutdown -P +15')
    await account.ec2.send(new RebootInstancesCommand({ InstanceIds: [one.instance.id] }))
    const restarted = () => one.isOn() && lines(one, '/var/lib/starts') === starts + 1
    await until(restarted, 'the service starts with it')
    await serves(one)
    expect(lines(one, '/var/lib/runs')).toBe(1)
    expect(await one.exec('ls -A /run /tmp | grep lost || echo none')).toBe('none\n')
  })

  it('stops and starts with a new public address', async () => {
    const InstanceIds = [other.instance.id]
    const before = other.instance.publicIp
    await account.ec2.send(new StopInstancesCommand({ InstanceIds }))
    await until(() => !other.isOn(), 'it is off')
    await until(
      () => lab.standin.instances().some(({ state }) => state === 'stopped'),
      'EC2 says so',
    )
    // Its old one may be somebody else's by now.
    lab.standin.world.network.taken.add(before ?? '')
    await account.ec2.send(new StartInstancesCommand({ InstanceIds }))
    await until(() => other.isOn(), 'it is on')
    expect(other.instance.publicIp).not.toBe(before)
    await serves(other)
    expect(await fromOperator(other.instance.publicIp)).toBe(operatorAddress)
    expect(lines(other, '/var/lib/runs')).toBe(1)
  })

  it('ends by a shutdown from inside: now, later, or not at all when called off', async () => {
    const now = await account.launch('#!/bin/bash\nshutdown -P now\n')
    const later = await account.launch("#!/bin/bash\nshutdown -P +2 'nobody came'\n")
    const never = await account.launch('#!/bin/bash\nshutdown -P +1\nshutdown -c\n')
    await account.gone(now)
    await account.gone(later)
    expect(never.isOn()).toBe(true)
    await account.end(never)
  })

  it('gets a notice when AWS takes a spot instance back, and then it does', async () => {
    const machine = await account.launch(server, {
      InstanceMarketOptions: { MarketType: 'spot' },
    })
    lab.standin.interrupt(machine.instance.id)
    const notice = await machine.exec(metadata('meta-data/spot/instance-action'))
    expect(JSON.parse(notice.replace(/ 200$/, ''))).toEqual({
      action: 'terminate',
      time: expect.stringMatching(/^\d{4}-/),
    })
    await account.gone(machine)
  })

  it('is killed with all it runs, however little it wants to end', async () => {
    const stubborn = "#!/bin/bash\ntrap '' TERM\nsetsid sleep 1000 &\nwait\n"
    const machine = await account.launch(stubborn)
    const network = await until(async () => {
      const found = (await machine.exec('pgrep -x sleep || true')).trim()
      return found && (await machine.exec('readlink /proc/1/ns/net')).trim()
    }, 'it sleeps')
    expect(processesIn(new Set([network]))).not.toEqual([])
    await account.end(machine)
    // Its power goes a moment before all that it runs is gone.
    await until(() => processesIn(new Set([network])).length === 0, 'nothing of it is left')
  })
})

it('leaves nothing when its tests are killed', async () => {
  const [command = '', ...args] = enclosed(['sleep', '1000'])
  const starter = `require('node:child_process').spawn('${command}', ${JSON.stringify(args)}); setInterval(() => {}, 1000)`
  const tests = spawn(process.execPath, ['-e', starter], { stdio: 'ignore' })
  const network = await until(() => {
    const sleeping = processesIn(networks()).find((line) => / sleep 1000$/.test(line))
    return sleeping && networkOf(sleeping.split(' ')[0] ?? '')
  }, 'it is there')
  tests.kill('SIGKILL')
  await until(() => processesIn(new Set([network])).length === 0, 'it is gone')
})

it('leaves nothing when the machines have ended', async () => {
  await Promise.all([account.end(one), account.end(other)])
  const ofMachines = async () => {
    const left = await lab.leftovers()
    return left.filter((what) => !/^(security group|role|instance profile) /.test(what))
  }
  // An instance's interface outlives it a little, as in EC2.
  await until(
    async () => !(await ofMachines()).some((one) => /^network/.test(one)),
    'interfaces go',
  )
  expect(await ofMachines()).toEqual([])
})
