/** What this machine remembers of a cluster's provider and nodes: the content of `cluster.json`. */
import type { Host } from '../core/host.ts'
import type { Settings } from '../core/settings.ts'

export interface NodeRecord {
  id: string
  /** Empty until it is known. */
  url: string
  /** On EC2, once launched: i-… */
  instance?: string
  /** On EC2, as PEM: the only certificate accepted, proved by the node to be its own. */
  certificate?: string
}

interface AnyRecord {
  cluster: string
  nodes: NodeRecord[]
  createdAt: number
}

export interface LocalRecord extends AnyRecord {
  provider: 'local'
  /** Where its nodes run; undefined in a record of an older tm. */
  host?: Host
  /** Made by `tm run --local`, which removes it again. */
  forRun?: true
}

export interface Ec2Record extends AnyRecord {
  provider: 'ec2'
  region: string
  account: string
  /** As given with `--profile`; later commands use it, too. */
  profile?: string
  port: number
  /** Its machines have no public addresses: they are in private subnets. */
  privateAddresses?: true
  /** Wall-clock milliseconds at which its machines end by themselves; with `--ttl` only. */
  endsAt?: number
  /** What earlier `tm up` commands asked for; the next one need not repeat it. */
  choices: Partial<Choices>
}

export type ClusterRecord = LocalRecord | Ec2Record

/** Reads the file. In a record of an older tm, a cluster on EC2 has one subnet at the most. */
export function parseRecord(text: string): ClusterRecord {
  const record = JSON.parse(text) as ClusterRecord
  if (record.provider !== 'ec2') return record
  const { subnet, ...choices } = record.choices as Partial<Choices> & { subnet?: string }
  return { ...record, choices: subnet === undefined ? choices : { ...choices, subnets: [subnet] } }
}

/** What `tm up` on EC2 was asked for, by flags. */
export interface Choices {
  /** In this order of preference. */
  instanceTypes: string[]
  workerTypes: string[]
  spot: boolean
  /** With `spot`: on demand where spot has no capacity. */
  onDemandFallback?: boolean
  /** GiB of each machine. */
  volumeSize: number
  /** GiB of each worker, where it differs. */
  workerVolumeSize?: number
  /** What workers do once, before their first task; an empty list, or text, is none. */
  packages?: string[]
  setupScript?: string
  /** Milliseconds. */
  setupTimeout?: number
  subnets?: string[]
  ami?: string
  /** Of workers, where it differs. */
  workerAmi?: string
  /** The port of the nodes. */
  port?: number
  /** Who may reach the nodes; the operator's current address, if undefined. */
  allowCidrs?: string[]
  /** Milliseconds after which the machines end by themselves. */
  ttl?: number
  /** On all that is created. */
  tags?: Record<string, string>
  boundary?: string
  /** An existing security group, which tm does not change. */
  securityGroup?: string
  instanceProfile?: string
  /** Settings that were given, or whose default differs on EC2. */
  settings: Partial<Settings>
}
