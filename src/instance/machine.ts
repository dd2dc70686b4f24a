/** What an instance knows of itself from its first moment, and where things lie on it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export const folders = {
  /** `machine.json`, written by the boot script. */
  config: '/etc/tm',
  /** Key, certificate, what the owner has given, the database. Survives restarts and reboots. */
  data: '/var/lib/tm',
  /** The program, as it is run (`tm.mjs`) and as it is handed on (`tm.mjs.gz`). */
  program: '/opt/tm',
} as const

export const programFile = join(folders.program, 'tm.mjs')
export const packedProgram = `${programFile}.gz`
/** Of a node: what its owner gave it. */
export const claimFile = join(folders.data, 'claim.json')
/** Of a worker: what its node gave it when it joined. */
export const tokenFile = join(folders.data, 'token')

interface Common {
  id: string
  cluster: string
  region: string
  /** SHA-256 of the only program that it runs, packed, in hex. */
  program: string
}

export interface NodeConfig extends Common {
  kind: 'node'
  port: number
  /** ARN of whom it obeys. */
  owner: string
}

export interface WorkerConfig extends Common {
  kind: 'worker'
  /** Wall-clock milliseconds at which it ends, whatever happens; with `--ttl` only. */
  endsAt?: number
  node: { url: string; certificate: string }
}

export type MachineConfig = NodeConfig | WorkerConfig

export function readMachine(): MachineConfig {
  return JSON.parse(readFileSync(join(folders.config, 'machine.json'), 'utf8')) as MachineConfig
}

/** Its own key and certificate, made at the first boot. */
export function readTls(): { key: string; cert: string } {
  const read = (name: string) => readFileSync(join(folders.data, name), 'utf8')
  return { key: read('key.pem'), cert: read('cert.pem') }
}
