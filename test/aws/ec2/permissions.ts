// The rules of security groups: IpPermissions on the wire are bundles, AWS keeps one rule a source.

import { AwsError } from '../errors.ts'
import type { Params } from '../query.ts'
import type { Group, Rule } from '../state.ts'
import type { Xml } from '../xml.ts'
import { canonicalCidr } from './network.ts'

export const PERMISSIONS = [
  ...['IpProtocol', 'FromPort', 'ToPort'].map((name) => `IpPermissions.${name}`),
  ...['CidrIp', 'Description'].map((name) => `IpPermissions.IpRanges.${name}`),
  ...['CidrIpv6', 'Description'].map((name) => `IpPermissions.Ipv6Ranges.${name}`),
  ...['GroupId', 'UserId', 'Description'].map((name) => `IpPermissions.Groups.${name}`),
]

export type BareRule = Omit<Rule, 'id' | 'egress'>

export function readPermissions(params: Params): BareRule[] {
  return params.objects('IpPermissions').flatMap((permission) => {
    const ports = readPorts(permission)
    const sources = [
      ...permission.objects('IpRanges').map((one) => rule(one, cidr4(one.need('CidrIp')))),
      ...permission.objects('Ipv6Ranges').map((one) => rule(one, { cidr6: one.need('CidrIpv6') })),
      ...permission.objects('Groups').map((one) => rule(one, { groupId: one.need('GroupId') })),
    ]
    if (sources.length === 0) {
      throw new AwsError('InvalidParameterValue', 'The permission names no source')
    }
    return sources.map((source) => ({ ...ports, ...source }))
  })
}

function readPorts(permission: Params) {
  const protocol = permission.need('IpProtocol')
  const from = permission.number('FromPort')
  const to = permission.number('ToPort')
  // -1 means all ports, whatever range is given (IpPermission, EC2 API Reference).
  if (protocol === '-1') return { protocol }
  if (!['tcp', 'udp', 'icmp'].includes(protocol)) {
    throw new AwsError('InvalidParameterValue', `Invalid value '${protocol}' for IP protocol.`)
  }
  if (from === undefined || to === undefined) {
    throw new AwsError('InvalidParameterValue', 'Must specify both from and to ports with TCP/UDP.')
  }
  if (protocol !== 'icmp' && !(from >= 0 && to <= 65_535 && from <= to)) {
    throw new AwsError('InvalidParameterValue', `Invalid TCP/UDP port range (${from}:${to})`)
  }
  return { protocol, from, to }
}

function rule(params: Params, source: Rule['source']) {
  const description = params.text('Description')
  return { source, ...(description !== undefined && { description }) }
}

function cidr4(text: string): Rule['source'] {
  const cidr = canonicalCidr(text)
  if (!cidr) throw new AwsError('InvalidParameterValue', `CIDR block ${text} is malformed`)
  return { cidr }
}

/** Two rules are the same if they let the same through; descriptions don't count. */
export function sameRule(a: BareRule, b: BareRule): boolean {
  const key = ({ protocol, from, to, source }: BareRule) =>
    JSON.stringify([protocol, from, to, source])
  return key(a) === key(b)
}

export function describeRule({ protocol, from, to, source }: BareRule): string {
  const peer = Object.values(source)[0]
  if (protocol === '-1') return `peer: ${peer}, ALL, ALLOW`
  return `peer: ${peer}, ${protocol.toUpperCase()}, from port: ${from}, to port: ${to}, ALLOW`
}

/** Rules of the same protocol and ports, as DescribeSecurityGroups shows them: one permission. */
export function renderPermissions(account: string, rules: readonly Rule[]): Xml {
  const bundles = Map.groupBy(rules, ({ protocol, from, to }) => `${protocol} ${from} ${to}`)
  return [...bundles.values()].map((bundle) => ({
    ipProtocol: bundle[0]?.protocol,
    fromPort: bundle[0]?.from,
    toPort: bundle[0]?.to,
    ipRanges: bundle.flatMap(({ source, description }) =>
      'cidr' in source ? [{ cidrIp: source.cidr, description }] : [],
    ),
    ipv6Ranges: bundle.flatMap(({ source, description }) =>
      'cidr6' in source ? [{ cidrIpv6: source.cidr6, description }] : [],
    ),
    groups: bundle.flatMap(({ source, description }) =>
      'groupId' in source ? [{ userId: account, groupId: source.groupId, description }] : [],
    ),
    prefixListIds: [],
  }))
}

export function renderRule(account: string, group: Group, one: Rule): Xml {
  const { source } = one
  return {
    securityGroupRuleId: one.id,
    groupId: group.id,
    groupOwnerId: account,
    isEgress: one.egress,
    ipProtocol: one.protocol,
    fromPort: one.from ?? -1,
    toPort: one.to ?? -1,
    ...('cidr' in source && { cidrIpv4: source.cidr }),
    ...('cidr6' in source && { cidrIpv6: source.cidr6 }),
    ...('groupId' in source && {
      referencedGroupInfo: { groupId: source.groupId, userId: account },
    }),
    description: one.description,
    tagSet: [],
  }
}
