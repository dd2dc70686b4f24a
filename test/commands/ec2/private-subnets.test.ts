/** `--subnet` of private subnets: no public addresses, nodes by their private ones, and who may reach them. */
import { afterEach, expect, it } from 'vitest'
import type { BootNodes } from '../../../src/provider/ec2/cluster/bootstrap.ts'
import type { Ec2Record } from '../../../src/state/cluster-record.ts'
import { defaultVpc } from '../../aws/options.ts'
import { booted, type Laptop, opened, openLaptop, silent } from './laptop.ts'

let laptop: Laptop
afterEach(() => laptop?.close())

const vpn = '172.31.0.0/16'
const allowCidrs = [vpn]

/** A default VPC with a private subnet, too. */
async function open(): Promise<{ open: string; closed: string }> {
  const vpc = defaultVpc('us-east-1', 'a')
  const place = { zone: 'us-east-1a', cidr: '172.31.128.0/20' }
  const subnets = [...vpc.subnets, { ...place, publicAddresses: false, nat: true }]
  laptop = await openLaptop({ vpcs: [{ ...vpc, subnets }] })
  const all = laptop.standin.world.network.subnets
  const idOf = (nat: boolean) => all.find((one) => Boolean(one.nat) === nat)?.id ?? ''
  return { open: idOf(false), closed: idOf(true) }
}

const record = () => laptop.clusterState().read() as Ec2Record
const cidrArgs = ['--allow-cidr', vpn]

it('gives no machine a public address, and nodes are known by their private ones', async () => {
  const { closed } = await open()
  let shapes: Parameters<BootNodes>[1]['shapes'] | undefined
  const boot: BootNodes = (machines, infrastructure, context) => {
    shapes = infrastructure.shapes
    return booted(machines, infrastructure, context)
  }
  const result = await laptop.up({ nodes: 1, boot, choices: { allowCidrs, subnets: [closed] } })
  const [node] = laptop.standin.instances()
  expect(node?.publicIp).toBeUndefined()
  expect(result.nodes).toMatchObject([{ url: `https://${node?.privateIp}:8443` }])
  expect(shapes?.worker.publicAddress).toBe(false)
  expect(record()).toMatchObject({ privateAddresses: true, nodes: [{ url: result.nodes[0]?.url }] })
  expect(laptop.steps.some((step) => step === `private addresses: ${node?.privateIp}`)).toBe(true)
  // A later one need not be told again, and knows the node.
  const again = await laptop.up({ choices: {} })
  expect(again.nodes).toEqual(result.nodes)
  expect(laptop.standin.instances()).toHaveLength(1)
})

it('is said in the plan, without a price for addresses', async () => {
  const { closed } = await open()
  const argv = ['up', '--dry-run', ...cidrArgs, '--subnet', closed]
  const { stdout } = await laptop.tm(argv)
  expect(stdout).toContain(
    'Machines get private addresses only: you have to reach them by VPN or from inside the VPC. Their way out (such as a NAT gateway) is not in the estimate.\n',
  )
  expect(stdout).not.toContain('public IPv4')
  const { json } = await laptop.json<{ plan: object }>(argv)
  expect(json.plan).toMatchObject({ addresses: 'private' })
})

it('needs to know from where you reach it', async () => {
  const { closed } = await open()
  expect((await laptop.tm(['up', '--yes', '--subnet', closed])).stderr).toContain(
    `Error: Nodes will have private addresses, and tm can't know from which address you reach them
  → Name your address or block there, such as that of your VPN: --allow-cidr 10.0.0.0/16 (the subnets are 172.31.128.0/20)
`,
  )
  expect(laptop.standin.leftovers()).toEqual([])
  await laptop.up({ nodes: 1, choices: { allowCidrs, subnets: [closed] } })
  const { stderr, exitCode } = await laptop.tm(['allow-ip'])
  expect(stderr).toBe(
    `Error: The machines of cluster default have private addresses, and tm can't know from which address you reach them
  → Name it: tm allow-ip --cidr 10.0.0.0/16
`,
  )
  expect(exitCode).toBe(2)
  expect(opened(laptop.standin)).toEqual([`${vpn} 8443`])
  await laptop.tm(['allow-ip', '--cidr', '10.1.0.0/16'])
  expect(opened(laptop.standin)).toEqual(['10.1.0.0/16 8443'])
})

it('is not mixed with public ones, neither at once nor later', async () => {
  const subnets = await open()
  const both = `${subnets.open},${subnets.closed}`
  expect((await laptop.tm(['up', '--yes', ...cidrArgs, '--subnet', both])).stderr).toContain(
    `Error: subnet-ID leads to an internet gateway and subnet-ID does not: some nodes would have public addresses, others private ones
  → Public addresses for all: tm up --subnet subnet-ID
  → Private ones, if you reach them by VPN: tm up --subnet subnet-ID
`,
  )
  await laptop.up({ nodes: 1, choices: { allowCidrs, subnets: [subnets.closed] } })
  await expect(laptop.up({ choices: { subnets: [subnets.open] } })).rejects.toThrow(
    'The machines of cluster default have private addresses, and these subnets are public ones',
  )
})

it('of a node that does not answer, health asks for the VPN instead of your address', async () => {
  const { closed } = await open()
  await laptop.up({ nodes: 1, boot: silent, choices: { allowCidrs, subnets: [closed] } })
  const { stdout } = await laptop.tm(['health'])
  expect(stdout).toContain(
    "can't be reached: nothing listens there; its address is private: are you in its VPC or VPN?; if",
  )
})
