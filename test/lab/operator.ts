/** What the tests in the lab do as the operator, and look at. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { type Client, connect } from '../../src/api/client.ts'
import type { Health } from '../../src/cli/output/health.ts'
import { signToken } from '../../src/core/tokens.ts'
import type { Lab, Output } from './lab.ts'
import { operatorAddress } from './network.ts'

const timings = ['--scale-after', '1s', '--tick', '200ms', '--lease', '3s']
export const upArgs = ['up', '--yes', '--allow-cidr', `${operatorAddress}/32`, ...timings]

/** With what it said, when it failed. */
export function expectDone(output: Output): void {
  expect(output, output.stderr).toMatchObject({ code: 0 })
}

export async function health(lab: Lab): Promise<Health> {
  return JSON.parse((await lab.tm('health', '--json')).stdout) as Health
}

export function workers(lab: Lab) {
  return lab.standin
    .instances()
    .filter(({ tags, state }) => tags['tm:kind'] === 'worker' && state !== 'terminated')
}

/** A node as the operator's commands talk to it. */
export function client(lab: Lab, id: string): Client {
  const folder = join(lab.folder, 'data/clusters/default')
  const secret = Buffer.from(readFileSync(join(folder, 'secret'), 'utf8').trim(), 'hex')
  const token = signToken(new Uint8Array(secret), { role: 'admin', subject: 'default' })
  const { nodes } = JSON.parse(readFileSync(join(folder, 'cluster.json'), 'utf8'))
  const { url, certificate } = nodes.find((node: { id: string }) => node.id === id)
  return connect({ url, certificate, token })
}
