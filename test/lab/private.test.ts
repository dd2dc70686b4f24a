/**
 * A cluster in private subnets: no machine has a public address. The operator reaches the nodes as by a
 * VPN, and the machines reach AWS through a NAT gateway.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { operatorPolicy } from '../../src/provider/ec2/iam/policies.ts'
import { defaultVpc } from '../aws/options.ts'
import { type Lab, openLab } from './lab.ts'
import { skipReason } from './needs.ts'
import { expectDone, health, upArgs, workers } from './operator.ts'

let lab: Lab

beforeAll(async () => {
  if (skipReason) return
  const vpc = defaultVpc('us-east-1', 'a')
  const subnets = ['a', 'b'].map((letter, index) => ({
    zone: `us-east-1${letter}`,
    cidr: `172.31.${128 + index * 16}.0/20`,
    publicAddresses: false,
    nat: true,
  }))
  lab = await openLab({ standin: { vpcs: [{ ...vpc, subnets: [...vpc.subnets, ...subnets] }] } })
  const { account, region } = lab.standin
  lab.standin.setOperatorPolicy(operatorPolicy({ account, region, partition: 'aws' }))
})
beforeEach((context) => {
  if (skipReason) context.skip(skipReason)
})
afterAll(async () => await lab?.close())

it('goes up, works and goes down by private addresses alone', async () => {
  const { subnets } = lab.standin.world.network
  const closed = subnets.filter(({ nat }) => nat).map(({ id }) => id)
  const up = await lab.tm(...upArgs, '--subnet', closed.join(), '--idle-timeout', '2s')
  expectDone(up)
  expect(up.stderr).toMatch(/✔ private addresses: 172\.31\.1\d\d\.\d+, 172\.31\.1\d\d\.\d+ /)
  expect(up.stderr).toContain('you have to reach them by VPN or from inside the VPC')
  const { healthy, nodes } = await health(lab)
  expect(healthy).toBe(true)
  expect(nodes.map(({ url }) => new URL(url).hostname).sort()).toEqual(
    lab.standin
      .instances()
      .map(({ privateIp }) => privateIp)
      .sort(),
  )

  const folder = join(lab.folder, 'private')
  mkdirSync(folder)
  writeFileSync(join(folder, 'file'), 'a body')
  const done = await lab.tm('enqueue', '--wait', '--iterations', '10', join(folder, 'file'))
  expectDone(done)
  const launched = lab.standin.instances()
  expect(launched.filter(({ tags }) => tags['tm:kind'] === 'worker')).not.toEqual([])
  expect(launched.filter(({ publicIp }) => publicIp !== undefined)).toEqual([])

  expectDone(await lab.tm('down', '--yes'))
  expect(workers(lab)).toEqual([])
  expect(await lab.leftovers()).toEqual([])
})
