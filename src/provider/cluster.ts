/**
 * Whole clusters: the part of `tm up`, `tm down` and `tm list` that differs from provider to
 * provider. The CLI does the rest: it confirms, drains, restores backups and configures nodes.
 */
import type { TmError } from '../core/errors.ts'
import type { Settings } from '../core/settings.ts'
import type { Suggestion } from '../core/suggestions.ts'
import type { NodeLink } from '../state/cluster-nodes.ts'
import type { Choices } from '../state/cluster-record.ts'

export interface ClusterDriver<Plan extends UpPlan = UpPlan> {
  /** Runs `work` with what `tm up` needs of the provider, for as long as it takes. */
  up<T>(work: (builder: ClusterBuilder<Plan>) => Promise<T>): Promise<T>
  /**
   * Runs `work` with what `tm down` needs. Returns undefined without calling `work` if this machine
   * can't use the provider and has no sign of the cluster there.
   */
  down<T>(work: (remover: ClusterRemover) => Promise<T>): Promise<T | undefined>
}

export interface ClusterBuilder<Plan extends UpPlan = UpPlan> {
  /** Finds out what exists and what is missing. Creates nothing. */
  plan(wanted: Wanted): Promise<Plan>
  /** Creates what is missing; idempotent. Returns all nodes of the plan once each responds. */
  create(plan: Plan): Promise<CreatedCluster>
}

/** What this `tm up` asks for. */
export interface Wanted {
  /** How many nodes to have; as many as before, if undefined. */
  nodes: number | undefined
  choices: Partial<Choices>
}

export interface UpPlan {
  place: { provider: 'local' } | { provider: 'ec2'; region: string }
  /** All nodes that the cluster will have. */
  ids: string[]
  /** Nodes that take over the settings of an older one. */
  fresh: string[]
  lost: LostNode[]
  /** Applied on every node. */
  settings: Partial<Settings>
  /** After how many milliseconds its machines end by themselves, as answered to the question. */
  ttlMs?: number
}

/** A node whose data is gone; a new node replaces it. */
export interface LostNode {
  id: string
  /** What held its data: an instance or a folder. */
  place: string
}

export interface CreatedCluster {
  nodes: ReadyNode[]
  /** Wall-clock milliseconds at which its machines end by themselves. */
  endsAt?: number | undefined
}

export interface ReadyNode extends NodeLink {
  /** Where its siblings reach it; `url`, if undefined. */
  address?: string
  certificate?: string
  pid?: number
}

export interface ClusterRemover {
  /** What to remove; undefined if nothing exists. */
  find(): Promise<FoundCluster | undefined>
  /** Removes all of it and reports what is left, if anything. Can be interrupted and run again. */
  remove(options: { keepData: boolean }): Promise<RemovalResult>
}

export interface FoundCluster {
  /** Nodes that can be asked what would be lost. */
  nodes: NodeLink[]
  /** Ids of nodes that can't be asked. */
  unknown: string[]
  /** Why they can't be asked; undefined if they did not answer. */
  why?: string
  /** Whether there are running nodes to drain. */
  running: boolean
  /** Whether the data can outlive the machines. */
  keepsData: boolean
  /** What to do instead of removing it. */
  suggestions: Suggestion[]
}

export interface Part {
  id: string
  /** node, worker, command, volume, group, profile or role */
  kind: string
  pid?: number
}

export interface RemovalResult {
  cluster: string
  removed: Part[]
  remaining: Part[]
  /** What could not be removed or looked up, and what to do. Undefined if nothing is left. */
  problems?: TmError[]
}

export interface ListedCluster {
  cluster: string
  provider: 'local' | 'ec2'
  region?: string
  /** Another host, whose processes this one can't see: `nodes` are those that were recorded. */
  host?: string
  nodes: number
  workers: number
  /** Wall-clock milliseconds of its oldest machine; undefined if it has none. */
  since?: number
  /** US dollars an hour, estimated; undefined where a price is not known. */
  hourly?: number
  /** Whether all its parts exist. */
  whole: boolean
}

/** What is left of a cluster in a cloud, or does nothing there. */
export interface Orphan {
  kind: 'machine' | 'disk' | 'security group' | 'role' | 'instance profile'
  /** As the cloud calls it. */
  id: string
  cluster: string
  region: string
  why: string
  /** Wall-clock milliseconds of its launch, if it is a machine. */
  since?: number
  /** Whether the machine is a node: its disk is the only copy of what is on it. */
  isNode?: boolean
  /** US dollars a month, estimated; undefined where it costs nothing, or a price is not known. */
  monthly?: number
  /** Its cluster has no node, so that `tm down` removes it and loses nothing. */
  removable: boolean
}

export interface Listing {
  clusters: ListedCluster[]
  /** What could not be listed and why, and which clusters are missing. */
  notes: { text: string; failed: boolean }[]
}
