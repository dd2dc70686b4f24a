/**
 * What the router lets through, as rules for nft: public addresses as an internet gateway translates
 * them, and the security groups' rules for what comes in. Pure.
 */
import type { Instance, Rule, World } from '../aws/state.ts'
import { metadataAddress, natAddress } from './network.ts'

export function firewall(world: World): string {
  const there = [...world.instances.values()].filter(({ state }) => state !== 'terminated')
  const pairs = there.flatMap(({ privateIp, publicIp }) =>
    publicIp ? [{ privateIp, publicIp }] : [],
  )
  const nats = world.network.subnets.filter(({ nat }) => nat).map(({ cidr }) => cidr)
  const vpc = `{ ${world.network.vpcs.map(({ cidr }) => cidr).join(', ')} }`
  const guarded = there.map(({ id, privateIp }) => `${privateIp} : jump ${chain(id)}`)
  return `
table ip lab
delete table ip lab
table ip lab {
  map inside { type ipv4_addr : ipv4_addr; ${elements(pairs.map((one) => `${one.publicIp} : ${one.privateIp}`))} }
  map outside { type ipv4_addr : ipv4_addr; ${elements(pairs.map((one) => `${one.privateIp} : ${one.publicIp}`))} }
  set connected { type ipv4_addr; ${elements(pairs.map(({ privateIp }) => privateIp))} }
  set translated { type ipv4_addr; flags interval; ${elements(nats)} }
  chain arriving {
    type nat hook prerouting priority dstnat
    dnat to ip daddr map @inside
  }
  chain gateway {
    type filter hook forward priority filter
    ct state established,related accept
    ip saddr ${vpc} ip daddr != ${vpc} ip daddr != ${metadataAddress} ip saddr != @connected ip saddr != @translated drop
  }
  chain leaving {
    type nat hook postrouting priority srcnat
    ip daddr ${metadataAddress} accept
    ip daddr ${vpc} ct original ip daddr ${vpc} accept
    ip saddr @translated snat to ${natAddress}
    snat to ip saddr map @outside
  }
${there.map((instance) => guard(world, there, instance)).join('')}
  chain guard {
    # After the translation: a rule sees whom the machine would see.
    type filter hook postrouting priority srcnat + 10
    ct state established,related accept
    ${guarded.length > 0 ? `ip daddr vmap { ${guarded.join(', ')} }` : ''}
  }
}
`
}

const elements = (list: string[]) => (list.length > 0 ? `elements = { ${list.join(', ')} }` : '')

const chain = (id: string) => id.replace('-', '_')

function guard(world: World, there: readonly Instance[], { id, groupIds }: Instance): string {
  const rules = groupIds
    .flatMap((groupId) => world.groups.get(groupId)?.rules ?? [])
    .filter(({ egress }) => !egress)
    .flatMap((rule) => accept(rule, there))
  return `  chain ${chain(id)} {\n${rules.map((rule) => `    ${rule}\n`).join('')}    drop\n  }\n`
}

const names: Record<string, string> = { 6: 'tcp', 17: 'udp', 1: 'icmp' }

function accept({ protocol, from, to, source }: Rule, there: readonly Instance[]): string[] {
  const sources = addresses(source, there)
  if (sources.length === 0) return []
  const name = names[protocol] ?? protocol
  const ports = from === undefined || from < 0 ? '' : ` ${name} dport ${from}-${to}`
  const what = name === '-1' ? '' : name === 'icmp' || !ports ? ` ip protocol ${name}` : ports
  return [`ip saddr { ${sources.join(', ')} }${what} accept`]
}

/** A group stands for its members' private addresses, never for their public ones. */
function addresses(source: Rule['source'], there: readonly Instance[]): string[] {
  if ('cidr6' in source) return []
  if ('cidr' in source) return [source.cidr]
  return there
    .filter(({ groupIds }) => groupIds.includes(source.groupId))
    .map(({ privateIp }) => privateIp)
}
