/** What a security group that tm must not change lacks for a cluster. Pure. */
import { BlockList } from 'node:net'
import type { IpPermission } from '@aws-sdk/client-ec2'
import type { WantedRules } from './group-rules.ts'

export interface NeededTraffic extends WantedRules {
  /** The CIDR blocks of the subnets: a group may let the cluster in by address, not by name. */
  blocks: string[]
}

export interface MissingRule {
  direction: 'ingress' | 'egress'
  /** A CIDR block, or the id of the group itself. */
  peer: string
  port: number
}

/** Machines get packages from the internet, and nodes call AWS. */
const httpsPort = 443

/**
 * Another group or a prefix list may well contain the operator: who names one has thought of it, so
 * nothing is said against it.
 */
export function missingIngress(
  group: string,
  present: IpPermission[],
  { port, cidrs, blocks }: NeededTraffic,
): MissingRule[] {
  const open = present.filter((rule) => opens(rule, port))
  const isCovered = coveredBy(open)
  const inBlocks = blocks.length > 0 && blocks.every(isCovered)
  const groups = open.flatMap(({ UserIdGroupPairs = [] }) => UserIdGroupPairs)
  const lists = open.flatMap(({ PrefixListIds = [] }) => PrefixListIds)
  const itself = groups.some(({ GroupId }) => GroupId === group) || inBlocks
  const unknown = lists.length > 0 || groups.some(({ GroupId }) => GroupId !== group)
  const outside = unknown ? [] : cidrs.filter((cidr) => !isCovered(cidr))
  return [...(itself ? [] : [group]), ...outside].map((peer) => ({
    direction: 'ingress' as const,
    peer,
    port,
  }))
}

/** Where it may go is for the owner of the group to know; nothing at all is certainly too little. */
export function missingEgress(
  group: string,
  present: IpPermission[],
  { port }: Pick<NeededTraffic, 'port'>,
): MissingRule[] {
  const wanted = [
    { peer: '0.0.0.0/0', port: httpsPort },
    { peer: group, port },
  ]
  return wanted
    .filter((one) => !present.some((rule) => opens(rule, one.port)))
    .map((one) => ({ direction: 'egress', ...one }))
}

function opens({ IpProtocol, FromPort = 0, ToPort = 65_535 }: IpPermission, port: number): boolean {
  if (IpProtocol === '-1') return true
  return (IpProtocol === 'tcp' || IpProtocol === '6') && FromPort <= port && port <= ToPort
}

/** Whether one of the blocks of these rules contains a block. */
function coveredBy(rules: IpPermission[]): (cidr: string) => boolean {
  const open = rules.flatMap(({ IpRanges = [], Ipv6Ranges = [] }) => [
    ...IpRanges.flatMap(({ CidrIp = [] }) => CidrIp),
    ...Ipv6Ranges.flatMap(({ CidrIpv6 = [] }) => CidrIpv6),
  ])
  return (cidr) => open.some((block) => contains(block, cidr))
}

function contains(block: string, cidr: string): boolean {
  const [outer, inner] = [block, cidr].map(parse)
  if (!outer || !inner || outer.family !== inner.family || outer.bits > inner.bits) return false
  const list = new BlockList()
  list.addSubnet(outer.address, outer.bits, outer.family)
  return list.check(inner.address, inner.family)
}

function parse(cidr: string): { address: string; bits: number; family: 'ipv4' | 'ipv6' } {
  const [address = '', bits] = cidr.split('/')
  const family = address.includes(':') ? 'ipv6' : 'ipv4'
  return { address, bits: Number(bits ?? (family === 'ipv6' ? 128 : 32)), family }
}
