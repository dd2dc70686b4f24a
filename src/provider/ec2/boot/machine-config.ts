/** What an instance knows about itself when it boots, and where its files are. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export const folders = {
  /** `machine.json`, written by the boot script. */
  config: '/etc/tm',
  /** Key, certificate, what the owner sent, the database. Survives restarts and reboots. */
  data: '/var/lib/tm',
  /** The program, as it runs (`tm.mjs`) and as it is passed on (`tm.mjs.gz`). */
  program: '/opt/tm',
} as const

export const programFile = join(folders.program, 'tm.mjs')
export const packedProgram = `${programFile}.gz`
/** Exists once the machine has an owner. */
export const ownedFile = join(folders.data, 'owned')
/** On a node: what its owner sent. */
export const adoptionFile = join(folders.data, 'claim.json')
/** On a worker: the token that its node issued when it joined. */
export const tokenFile = join(folders.data, 'token')

interface Common {
  id: string
  cluster: string
  region: string
  /** SHA-256, in hex, of the only packed program that it runs. */
  program: string
}

export interface NodeConfig extends Common {
  kind: 'node'
  port: number
  /** ARN of its owner. */
  owner: string
}

export interface WorkerConfig extends Common {
  kind: 'worker'
  /** Wall-clock milliseconds at which it powers off, whatever happens; with `--ttl` only. */
  endsAt?: number
  /** Milliseconds after its start at which it ends, whatever the date is; with `--ttl` only. */
  endsInMs?: number
  node: { url: string; certificate: string }
}

export type MachineConfig = NodeConfig | WorkerConfig

export function readMachine(): MachineConfig {
  return JSON.parse(readFileSync(join(folders.config, 'machine.json'), 'utf8')) as MachineConfig
}

/** The machine's own key and certificate, made at the first boot. */
export function readTls(): { key: string; cert: string } {
  const read = (name: string) => readFileSync(join(folders.data, name), 'utf8')
  return { key: read('key.pem'), cert: read('cert.pem') }
}
