/** The lab itself: what a machine has when it has booted, before anything of tm runs on it. */
import { existsSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { GetConsoleOutputCommand } from '@aws-sdk/client-ec2'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Account, openAccount } from './account.ts'
import { server } from './fixture.ts'
import { type Lab, openLab } from './lab.ts'
import type { Machine } from './machine.ts'
import { skipReason } from './needs.ts'
import { metadataAddress, operatorAddress } from './network.ts'
import { ask, bare, metadata, serves, token } from './questions.ts'
import { until } from './until.ts'

let lab: Lab
let account: Account
let one: Machine
let other: Machine

beforeAll(async () => {
  if (skipReason) return
  lab = await openLab({ dnfFailures: 2 })
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
const alone = {
  SecurityGroupIds: undefined,
  NetworkInterfaces: [{ DeviceIndex: 0, AssociatePublicIpAddress: false }],
}

describe('a machine that boots', () => {
  it('runs its user-data, which outlasts a dnf that fails', async () => {
    const IamInstanceProfile = { Name: 'lab' }
    one = await account.launch(gzipSync(server), { IamInstanceProfile })
    other = await account.launch(server)
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

  it('is there as soon as the machine is on', async () => {
    const machine = await account.launch('#!/bin/bash\n', alone)
    expect(await machine.exec('ip route show default')).toMatch(/^default via /)
    await account.end(machine)
  })

  it('without a public address reaches neither AWS nor mirrors', async (context) => {
    if (!lab.guarded) context.skip('NOT TESTED: an internet gateway. It needs the command nft.')
    const machine = await account.launch('#!/bin/bash\n', alone)
    await expect(machine.exec(`curl --max-time 1 ${lab.standin.url}`)).rejects.toThrow('timed out')
    await expect(machine.exec('dnf install -y nodejs24')).rejects.toThrow('Timeout')
    expect(await machine.exec(metadata('meta-data/instance-id'))).toBe(`${machine.instance.id} 200`)
    await account.end(machine)
  })
})

describe('its metadata', () => {
  it('needs a token, of the machine itself', async () => {
    expect(await one.exec(bare('meta-data/'))).toBe('401')
    expect(await one.exec(`${bare('api/token')} -X PUT`)).toBe('400')
    const mine = (await one.exec(`echo ${token}`)).trim()
    const lent = `${bare('meta-data/instance-id')} -H 'x-aws-ec2-metadata-token: ${mine}'`
    expect([await one.exec(lent), await other.exec(lent)]).toEqual(['200', '401'])
    expect((await lab.run('curl', `http://${metadataAddress}/latest/`)).code).not.toBe(0)
  })

  it('says what it is', async () => {
    const { id, privateIp, publicIp, zone } = one.instance
    const told = async (path: string) => await one.exec(metadata(path))
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
    expect(await other.exec(metadata('meta-data/iam/security-credentials/'))).toBe(' 404')
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
