/** The lab itself: a machine is what an instance would be, before anything of tm runs on it. */
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import {
  GetConsoleOutputCommand,
  RebootInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Account, openAccount, port } from './account.ts'
import { server } from './fixture.ts'
import { type Lab, openLab } from './lab.ts'
import type { Machine } from './machine.ts'
import { networkOf, processesIn } from './namespace.ts'
import { enclosed, skipReason } from './needs.ts'
import { metadataAddress, operatorAddress } from './network.ts'
import { until } from './until.ts'

const lines = (path: string) =>
  existsSync(path) ? readFileSync(path, 'utf8').split('\n').length - 1 : 0
const ask = (address?: string) => `curl --silent --max-time 1 http://${address}:${port}`
const token = `$(curl -s -X PUT -H 'x-aws-ec2-metadata-token-ttl-seconds: 60' http://${metadataAddress}/latest/api/token)`
const imds = (path: string) =>
  `curl -s -w ' %{http_code}' -H "x-aws-ec2-metadata-token: ${token}" http://${metadataAddress}/latest/${path}`

let lab: Lab
let account: Account
let one: Machine
let other: Machine

beforeAll(async () => {
  if (skipReason) return
  const delays = { spotNoticeMs: 3000 }
  lab = await openLab({ speed: 60, dnfFailures: 2, standin: { delays, spotRole: true } })
  account = await openAccount(lab)
})
beforeEach((context) => {
  if (skipReason) context.skip(skipReason)
})
afterAll(async () => {
  account?.close()
  await lab?.close()
})

const fromOperator = async (address?: string) => (await lab.run('bash', '-c', ask(address))).stdout
const serves = async (machine: Machine) =>
  await until(async () => await machine.exec(ask('127.0.0.1')).catch(() => ''), 'it serves')

const networks = () => {
  const pids = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid))
  return new Set(pids.map((pid) => networkOf(pid) ?? ''))
}
const gone = async ({ instance: { id } }: Machine) =>
  await until(() => !lab.machines().some((machine) => machine.instance.id === id), `${id} ends`)
const end = async (machine: Machine) => {
  const InstanceIds = [machine.instance.id]
  await account.ec2.send(new TerminateInstancesCommand({ InstanceIds }))
  await gone(machine)
  await until(() => !machine.isOn(), 'its power goes')
}
const alone = {
  SecurityGroupIds: undefined,
  NetworkInterfaces: [{ DeviceIndex: 0, AssociatePublicIpAddress: false }],
}

describe('a machine that boots', () => {
  it('runs its user-data, which outlasts a dnf that fails', async () => {
    const IamInstanceProfile = { Name: 'lab' }
    one = await account.launch(lab, gzipSync(server), { IamInstanceProfile })
    other = await account.launch(lab, server)
    await Promise.all([serves(one), serves(other)])
    await until(() => one.console().includes('is done'), 'the console has it')
    const { Output = '' } = await account.ec2.send(
      new GetConsoleOutputCommand({ InstanceId: one.instance.id }),
    )
    const said = Buffer.from(Output, 'base64').toString()
    expect(said).toContain('booting ip-172-31-')
    expect(said.match(/Error: Failed to download/g)).toHaveLength(2)
    expect(one.journal()).toContain('it serves')
  })

  it('has files of its own, and nothing that Amazon Linux has not', async () => {
    expect((await one.exec('cat /proc/1/comm; ls /opt; ls -A /home /root')).split('\n')).toEqual(
      expect.arrayContaining(['bash', 'tm']),
    )
    await expect(one.exec('command -v node')).rejects.toThrow()
    await one.exec('touch /usr/bin/mine /etc/mine /var/lib/mine')
    await expect(other.exec('ls /usr/bin/mine')).rejects.toThrow('No such file')
    for (const path of ['/etc/mine', '/opt/tm', '/usr/bin/node-24', '/var/lib/runs']) {
      expect(existsSync(path)).toBe(false)
    }
    await expect(one.exec(`touch ${import.meta.filename}`)).rejects.toThrow('Read-only')
  })
})

describe('its network', () => {
  it('lets in only whom the security group names', async (context) => {
    if (!lab.guarded) context.skip('NOT TESTED: security groups. It needs the command nft.')
    const { publicIp, privateIp } = one.instance
    expect(await fromOperator(publicIp)).toBe('')
    await expect(other.exec(ask(privateIp))).rejects.toThrow()
    await account.openToOperator()
    expect(await fromOperator(publicIp)).toBe(operatorAddress)
    await expect(other.exec(ask(privateIp))).rejects.toThrow()
    await account.openToItself()
    expect(await other.exec(ask(privateIp))).toBe(other.instance.privateIp)
    // From outside a machine has its public address, which is no member of the group.
    await expect(other.exec(ask(publicIp))).rejects.toThrow()
    await expect(one.exec('ip address show | grep 203.0.113')).rejects.toThrow()
  })

  it('is reached from outside by its public address, from inside by its private one', async () => {
    if (!lab.guarded) await account.openToOperator()
    expect(await fromOperator(one.instance.publicIp)).toBe(operatorAddress)
    expect(await other.exec(ask(one.instance.privateIp))).toBe(other.instance.privateIp)
    await other.exec('systemctl stop tm.service')
    await expect(other.exec(ask('127.0.0.1'))).rejects.toThrow()
    await other.exec('systemctl start tm.service')
    await serves(other)
  })

  it('without a public address reaches neither AWS nor mirrors', async (context) => {
    if (!lab.guarded) context.skip('NOT TESTED: an internet gateway. It needs the command nft.')
    const machine = await account.launch(lab, '#!/bin/bash\n', alone)
    await expect(machine.exec(`curl --max-time 1 ${lab.standin.url}`)).rejects.toThrow('timed out')
    await expect(machine.exec('dnf install -y nodejs24')).rejects.toThrow('Timeout')
    expect(await machine.exec(imds('meta-data/instance-id'))).toBe(`${machine.instance.id} 200`)
    await end(machine)
  })
})

describe('its metadata', () => {
  it('needs a token, of the machine itself', async () => {
    const bare = `curl -s -o /dev/null -w '%{http_code}' http://${metadataAddress}/latest/meta-data/`
    expect(await one.exec(bare)).toBe('401')
    const put = `curl -s -o /dev/null -w '%{http_code}' -X PUT http://${metadataAddress}/latest/api/token`
    expect(await one.exec(put)).toBe('400')
    const mine = (await one.exec(`echo ${token}`)).trim()
    const lent = `${bare}instance-id -H 'x-aws-ec2-metadata-token: ${mine}'`
    expect([await one.exec(lent), await other.exec(lent)]).toEqual(['200', '401'])
    expect((await lab.run('curl', `http://${metadataAddress}/latest/`)).code).not.toBe(0)
  })

  it('says what it is', async () => {
    const { id, privateIp, publicIp, zone } = one.instance
    const told = async (path: string) => await one.exec(imds(path))
    expect(await told('meta-data/instance-id')).toBe(`${id} 200`)
    expect(await told('meta-data/local-ipv4')).toBe(`${privateIp} 200`)
    expect(await told('meta-data/public-ipv4')).toBe(`${publicIp} 200`)
    expect(await told('meta-data/placement/region')).toBe(`${lab.standin.region} 200`)
    expect(await told('meta-data/placement/availability-zone')).toBe(`${zone} 200`)
    expect(await told('meta-data/iam/security-credentials/')).toBe('lab 200')
    expect(await told('dynamic/instance-identity/document')).toContain(`"instanceId":"${id}"`)
    for (const absent of ['spot/instance-action', 'tags/instance', 'constructor', 'x']) {
      expect(await told(`meta-data/${absent}`), absent).toBe(' 404')
    }
    expect(await other.exec(imds('meta-data/iam/security-credentials/'))).toBe(' 404')
  })

  it('gives credentials that the SDK finds and AWS knows', async () => {
    const script = `
      import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
      const sts = new STSClient({ region: '${lab.standin.region}' })
      console.log((await sts.send(new GetCallerIdentityCommand())).Arn)`
    const whoAmI = `cd ${import.meta.dirname} && node-24 --input-type=module -e "${script}"`
    expect(await one.exec(whoAmI)).toContain(`assumed-role/lab/${one.instance.id}`)
    await expect(other.exec(whoAmI)).rejects.toThrow('Could not load credentials')
  })
})

describe('its life', () => {
  it('starts a service again that was killed', async () => {
    const before = lines(`${one.root()}/var/lib/starts`)
    one.killUnit()
    await until(() => lines(`${one.root()}/var/lib/starts`) === before + 1, 'it starts again')
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
    const starts = lines(`${one.root()}/var/lib/starts`)
    await one.exec('touch /run/lost /tmp/lost; shutdown -P +15')
    await account.ec2.send(new RebootInstancesCommand({ InstanceIds: [one.instance.id] }))
    const restarted = () => one.isOn() && lines(`${one.root()}/var/lib/starts`) === starts + 1
    await until(restarted, 'the service starts with it')
    await serves(one)
    expect(lines(`${one.root()}/var/lib/runs`)).toBe(1)
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
    expect(lines(`${other.root()}/var/lib/runs`)).toBe(1)
  })

  it('ends by a shutdown from inside: now, later, or not at all when called off', async () => {
    const now = await account.launch(lab, '#!/bin/bash\nshutdown -P now\n')
    const later = await account.launch(lab, "#!/bin/bash\nshutdown -P +2 'nobody came'\n")
    const never = await account.launch(lab, '#!/bin/bash\nshutdown -P +1\nshutdown -c\n')
    await gone(now)
    await gone(later)
    expect(never.isOn()).toBe(true)
    await end(never)
  })

  it('gets a notice when AWS takes a spot instance back, and then it does', async () => {
    const machine = await account.launch(lab, server, {
      InstanceMarketOptions: { MarketType: 'spot' },
    })
    lab.standin.interrupt(machine.instance.id)
    const notice = await machine.exec(imds('meta-data/spot/instance-action'))
    expect(JSON.parse(notice.replace(/ 200$/, ''))).toEqual({
      action: 'terminate',
      time: expect.stringMatching(/^\d{4}-/),
    })
    await gone(machine)
  })

  it('is killed with all it runs, however little it wants to end', async () => {
    const stubborn = "#!/bin/bash\ntrap '' TERM\nsetsid sleep 1000 &\nwait\n"
    const machine = await account.launch(lab, stubborn)
    const network = await until(async () => {
      const found = (await machine.exec('pgrep -x sleep || true')).trim()
      return found && (await machine.exec('readlink /proc/1/ns/net')).trim()
    }, 'it sleeps')
    expect(processesIn(new Set([network]))).not.toEqual([])
    await end(machine)
    expect(processesIn(new Set([network]))).toEqual([])
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
  await Promise.all([end(one), end(other)])
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
