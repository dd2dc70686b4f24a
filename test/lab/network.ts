/**
 * The lab's network. Outside, where the tests run: the operator, AWS's endpoint and the metadata
 * service. Inside: the machines, which know only their private addresses. Between them a router,
 * which translates public addresses and holds the security groups (`firewall.ts`).
 */
import { run } from './run.ts'

/** Where instances find EC2 and STS. */
export const awsAddress = '198.51.100.10'
export const metadataAddress = '169.254.169.254'
/** Where nodes see the operator come from. */
export const operatorAddress = '203.0.113.254'

/** Where a NAT gateway says that its machines are. */
export const natAddress = '203.0.113.253'

const gateway = '169.254.0.1'
const router = 'router'

const batch = async (args: string[], lines: string[]) =>
  await run('ip', [...args, '-batch', '-'], { input: lines.join('\n') })

const inRouter = async (lines: string[]) => await batch(['-n', router], lines)

/** Only in namespaces of our own: see `enter.ts`. */
export async function buildNetwork(cidrs: readonly string[]): Promise<void> {
  const outside = [operatorAddress, awsAddress, metadataAddress]
  await batch(
    [],
    [
      'link set lo up',
      `netns add ${router}`,
      `link add out type veth peer name out netns ${router}`,
      ...outside.map((address) => `address add ${address}/32 dev out`),
      'link set out up',
      `route add ${gateway} dev out`,
      `route add default via ${gateway} src ${operatorAddress}`,
    ],
  )
  await inRouter([
    'link set lo up',
    'link set out up',
    `address add ${gateway}/32 dev lo`,
    ...outside.map((address) => `route add ${address} dev out`),
    // Who calls an address that nobody has, waits; the rest of the internet is not there.
    ...cidrs.map((cidr) => `route add blackhole ${cidr}`),
    'route add unreachable default',
  ])
  const forward = 'echo 1 > /proc/sys/net/ipv4/ip_forward'
  await run('ip', ['netns', 'exec', router, 'sh', '-c', forward])
}

export async function removeNetwork(): Promise<void> {
  await run('ip', ['link', 'delete', 'out'])
  await run('ip', ['netns', 'delete', router])
}

export interface Place {
  /** Process whose network it is. */
  pid: number
  /** Of the router's end: at most 15 letters. */
  name: string
  privateIp: string
}

export async function plugIn({ pid, name, privateIp }: Place): Promise<void> {
  await inRouter([
    `link add ${name} type veth peer name eth0 netns ${pid}`,
    `link set ${name} up`,
    `route add ${privateIp} dev ${name}`,
  ])
  const lines = [
    'link set lo up',
    `address add ${privateIp}/32 dev eth0`,
    'link set eth0 up',
    `route add ${gateway} dev eth0`,
    `route add default via ${gateway} src ${privateIp}`,
  ]
  const enter = ['--target', String(pid), '--net', 'ip', '-batch', '-']
  await run('nsenter', enter, { input: lines.join('\n') })
}

/** Where nothing translates: the machine has its public address itself. */
export async function addPublicAddress({ pid, name }: Place, publicIp: string): Promise<void> {
  await inRouter([`route add ${publicIp} dev ${name}`])
  const add = ['ip', 'address', 'add', `${publicIp}/32`, 'dev', 'eth0']
  await run('nsenter', ['--target', String(pid), '--net', ...add])
}

/** At once: a network without processes goes after a while, and its interfaces with it. */
export async function unplug(name: string): Promise<void> {
  await inRouter([`link delete ${name}`]).catch((error) => {
    // It went before `ip` had looked, or while it did.
    if (!/Cannot find device|No such device/.test(String(error))) throw error
  })
}

/** The machines' ends at the router. */
export async function links(): Promise<string[]> {
  const all = JSON.parse(await run('ip', ['-n', router, '-json', 'link']))
  return all.map(({ ifname }: { ifname: string }) => ifname).filter((one: string) => /^m/.test(one))
}

export async function setFirewall(rules: string): Promise<void> {
  await run('ip', ['netns', 'exec', router, 'nft', '-f', '-'], { input: rules })
}
