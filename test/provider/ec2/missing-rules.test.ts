/** What a security group of somebody else lacks: by port, protocol and who is let in. */
import type { IpPermission } from '@aws-sdk/client-ec2'
import { expect, it } from 'vitest'
import { missingEgress, missingIngress } from '../../../src/provider/ec2/network/missing-rules.ts'

const needed = { port: 8443, cidrs: ['203.0.113.7/32'], blocks: ['10.0.0.0/20', '10.0.16.0/20'] }
const tcp = { IpProtocol: 'tcp', FromPort: 8443, ToPort: 8443 }
const all = { IpProtocol: '-1' }
const itself = { UserIdGroupPairs: [{ GroupId: 'sg-1' }] }
const from = (...cidrs: string[]) => ({ IpRanges: cidrs.map((CidrIp) => ({ CidrIp })) })

it.each<[string, IpPermission[], string[]]>([
  ['nothing', [], ['sg-1', '203.0.113.7/32']],
  ['exactly what tm would open', [{ ...tcp, ...itself, ...from('203.0.113.7/32') }], []],
  ['everything to all', [{ ...all, ...from('0.0.0.0/0') }], []],
  ['itself only', [{ ...all, ...itself }], ['203.0.113.7/32']],
  ['a larger block', [{ ...tcp, ...itself, ...from('203.0.113.0/24') }], []],
  ['a smaller block', [{ ...tcp, ...itself, ...from('203.0.113.8/29') }], ['203.0.113.7/32']],
  ['more ports', [{ ...tcp, ToPort: 9000, ...itself, ...from('203.0.113.7/32') }], []],
  [
    'another port',
    [{ ...tcp, FromPort: 8444, ToPort: 9000, ...itself }],
    ['sg-1', '203.0.113.7/32'],
  ],
  ['UDP', [{ ...tcp, IpProtocol: 'udp', ...from('0.0.0.0/0') }], ['sg-1', '203.0.113.7/32']],
  ['the VPC by its block', [{ ...tcp, ...from('10.0.0.0/16', '203.0.113.7/32') }], []],
  ['one of two subnets', [{ ...tcp, ...from('10.0.0.0/20', '203.0.113.7/32') }], ['sg-1']],
  ['IPv6 only', [{ ...tcp, ...itself, Ipv6Ranges: [{ CidrIpv6: '::/0' }] }], ['203.0.113.7/32']],
  [
    'another group, in which the operator may be',
    [
      { ...tcp, ...itself },
      { ...tcp, UserIdGroupPairs: [{ GroupId: 'sg-vpn' }] },
    ],
    [],
  ],
  ['a prefix list', [{ ...tcp, ...itself, PrefixListIds: [{ PrefixListId: 'pl-1' }] }], []],
])('a group that lets in %s', (_, present, missing) => {
  expect(missingIngress('sg-1', present, needed).map(({ peer }) => peer)).toEqual(missing)
})

it('an IPv6 block is in an IPv6 block', () => {
  const rules = [{ ...tcp, ...itself, Ipv6Ranges: [{ CidrIpv6: '2001:db8::/32' }] }]
  const lacks = (...cidrs: string[]) => missingIngress('sg-1', rules, { ...needed, cidrs })
  expect(lacks('2001:db8:1::/48', '2001:db8::1/128')).toEqual([])
  expect(lacks('2001:db9::/48')).toHaveLength(1)
})

it.each<[string, IpPermission[], number[]]>([
  ['everything', [{ ...all, ...from('0.0.0.0/0') }], []],
  ['nothing', [], [443, 8443]],
  ['HTTPS only', [{ ...tcp, FromPort: 443, ToPort: 443, ...from('0.0.0.0/0') }], [8443]],
])('a group that lets out %s', (_, present, ports) => {
  expect(missingEgress('sg-1', present, needed).map(({ port }) => port)).toEqual(ports)
})
