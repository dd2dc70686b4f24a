/** What tests of the lab ask, as commands: a machine's server, and the metadata service. */
import { existsSync, readFileSync } from 'node:fs'
import { port } from './account.ts'
import type { Machine } from './machine.ts'
import { metadataAddress } from './network.ts'
import { until } from './until.ts'

const service = `http://${metadataAddress}/latest`

export const ask = (address?: string) => `curl --silent --max-time 1 http://${address}:${port}`

export const token = `$(curl -s -X PUT -H 'x-aws-ec2-metadata-token-ttl-seconds: 60' ${service}/api/token)`

/** What it says, and the status. */
export const metadata = (path: string) =>
  `curl -s -w ' %{http_code}' -H "x-aws-ec2-metadata-token: ${token}" ${service}/${path}`

/** The status alone, without a token. */
export const bare = (path: string) => `curl -s -o /dev/null -w '%{http_code}' ${service}/${path}`

export const serves = async (machine: Machine) =>
  await until(async () => await machine.exec(ask('127.0.0.1')).catch(() => ''), 'it serves')

/** How many lines a file of the machine has. */
export function lines(machine: Machine, path: string): number {
  const file = machine.root() + path
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0
}
