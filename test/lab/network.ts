/**
 * The lab's network: a bridge on which every instance has its private and its public address, and
 * the lab itself those of AWS (EC2's endpoint, the metadata service) and of the operator.
 */
import { execFileSync } from 'node:child_process'

/** Where instances find EC2 and STS. */
export const awsAddress = '172.31.255.253'
export const metadataAddress = '169.254.169.254'
/** Where nodes see the operator come from. */
export const operatorAddress = '203.0.113.254'

export function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] })
}

/** Only in namespaces of our own: see `enter.ts`. */
export function buildNetwork(): void {
  ip('link', 'set', 'lo', 'up')
  ip('link', 'add', 'br0', 'type', 'bridge')
  for (const address of [`${awsAddress}/16`, `${operatorAddress}/24`, `${metadataAddress}/32`]) {
    ip('address', 'add', address, 'dev', 'br0')
  }
  ip('link', 'set', 'br0', 'up')
}

export function removeNetwork(): void {
  ip('link', 'delete', 'br0')
}

export interface Addresses {
  privateIp: string
  publicIp?: string | undefined
}

/** A network namespace with the addresses of an instance. `name` is at most 12 letters long. */
export function plugIn(name: string, { privateIp, publicIp }: Addresses): void {
  ip('netns', 'add', name)
  ip('link', 'add', `v${name}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
  ip('link', 'set', `v${name}`, 'master', 'br0', 'up')
  const inside = (...args: string[]) => ip('-n', name, ...args)
  inside('link', 'set', 'lo', 'up')
  inside('address', 'add', `${privateIp}/16`, 'dev', 'eth0')
  if (publicIp) inside('address', 'add', `${publicIp}/24`, 'dev', 'eth0')
  inside('link', 'set', 'eth0', 'up')
  inside('route', 'add', metadataAddress, 'dev', 'eth0', 'src', privateIp)
}

export function unplug(name: string): void {
  ip('netns', 'delete', name)
}
