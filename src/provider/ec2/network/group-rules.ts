/** Compares the rules of a cluster's security group with the wanted ones. Pure. */
import type { IpPermission } from '@aws-sdk/client-ec2'
import { TmError } from '../../../core/errors.ts'

export interface WantedRules {
  port: number
  /** The operator's addresses. */
  cidrs: string[]
}

export interface RuleChange {
  add: IpPermission[]
  remove: IpPermission[]
  /** The same rules as text. */
  opened: string[]
  closed: string[]
}

/** One source of one rule: a rule with one stale address keeps the others. */
interface Rule {
  key: string
  shown: string
  permission: IpPermission
}

export function compareRules(
  group: string,
  present: IpPermission[],
  wanted: WantedRules,
): RuleChange {
  const wantedRules = rulesFor(group, wanted)
  const presentRules = present.flatMap(split)
  const add = without(wantedRules, presentRules)
  const remove = without(presentRules, wantedRules)
  return {
    add: add.map(({ permission }) => permission),
    remove: remove.map(({ permission }) => permission),
    opened: add.map(({ shown }) => shown),
    closed: remove.map(({ shown }) => shown),
  }
}

function without(rules: Rule[], others: Rule[]): Rule[] {
  return rules.filter(({ key }) => !others.some((one) => one.key === key))
}

function rulesFor(group: string, { port, cidrs }: WantedRules): Rule[] {
  const base = { IpProtocol: 'tcp', FromPort: port, ToPort: port }
  const operator = [...new Set(cidrs.map(normalizeCidr))].map((cidr) =>
    cidr.includes(':')
      ? { ...base, Ipv6Ranges: [{ CidrIpv6: cidr, Description: 'tm operator' }] }
      : { ...base, IpRanges: [{ CidrIp: cidr, Description: 'tm operator' }] },
  )
  const self = { ...base, UserIdGroupPairs: [{ GroupId: group, Description: 'tm cluster' }] }
  return [self, ...operator].flatMap(split)
}

function split(permission: IpPermission): Rule[] {
  const { IpProtocol, FromPort, ToPort } = permission
  const base: IpPermission = { IpProtocol }
  if (FromPort !== undefined) base.FromPort = FromPort
  if (ToPort !== undefined) base.ToPort = ToPort
  const rule = (source: string, rest: IpPermission): Rule => ({
    key: [IpProtocol, FromPort, ToPort, source].join(' '),
    shown: `${source} to port ${FromPort ?? 'any'}`,
    permission: { ...base, ...rest },
  })
  return [
    ...(permission.IpRanges ?? []).map((one) => rule(one.CidrIp ?? '', { IpRanges: [one] })),
    ...(permission.Ipv6Ranges ?? []).map((one) => rule(one.CidrIpv6 ?? '', { Ipv6Ranges: [one] })),
    ...(permission.PrefixListIds ?? []).map((one) =>
      rule(one.PrefixListId ?? '', { PrefixListIds: [one] }),
    ),
    ...(permission.UserIdGroupPairs ?? []).map((one) =>
      rule(one.GroupId ?? '', { UserIdGroupPairs: [one] }),
    ),
  ]
}

/**
 * An address or block as EC2 returns it: 203.0.113.7 becomes 203.0.113.7/32. Rejects host bits, because
 * EC2 drops them silently and the rule would look stale forever.
 */
export function normalizeCidr(text: string): string {
  const [address = '', size, ...rest] = text.trim().toLowerCase().split('/')
  const bits = size === undefined ? (address.includes(':') ? 128 : 32) : Number(size)
  const bytes = address.split('.').map(Number)
  const v4 =
    /^\d{1,3}(\.\d{1,3}){3}$/.test(address) && bytes.every((byte) => byte <= 255) && bits <= 32
  const v6 = /^[0-9a-f:]+$/.test(address) && address.includes(':') && bits <= 128
  const whole = rest.length === 0 && Number.isInteger(bits) && bits >= 0 && size !== ''
  if (!whole || !(v4 || v6)) throw badCidr(text, 'is not an IP address or a CIDR block')
  if (v4) {
    const value = bytes.reduce((sum, byte) => sum * 256 + byte, 0)
    if (value % 2 ** (32 - bits) !== 0) throw badCidr(text, `has bits set beyond its first ${bits}`)
  }
  return `${v6 ? shortest(address, text) : address}/${bits}`
}

/** As EC2 returns it (RFC 5952); a URL normalizes the same way. */
function shortest(address: string, text: string): string {
  try {
    return new URL(`http://[${address}]`).hostname.slice(1, -1)
  } catch {
    throw badCidr(text, 'is not an IP address or a CIDR block')
  }
}

function badCidr(text: string, why: string): TmError {
  return new TmError('invalid', `"${text}" ${why}`)
}
