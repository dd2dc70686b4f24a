/**
 * The tags by which tm finds everything of a cluster, and the names of its resources. Tags are set in
 * the call that creates a resource: a tag set later leaves a window for orphans.
 */
export const tagKeys = {
  cluster: 'tm:cluster',
  /** node, worker, group, role or profile */
  kind: 'tm:kind',
  id: 'tm:id',
  /** On a worker: the node that launched it. */
  node: 'tm:node',
  /** The attempt whose ClientToken created it. The next attempt for this id takes a higher number. */
  attempt: 'tm:attempt',
  /** On roles and profiles: IAM has no regions. */
  region: 'tm:region',
} as const

export interface Tag {
  Key: string
  Value: string
}

export function toTags(tags: Record<string, string | undefined>): Tag[] {
  return Object.entries(tags).flatMap(([Key, Value]) => (Value === undefined ? [] : { Key, Value }))
}

export function fromTags(
  tags: readonly { Key?: string | undefined; Value?: string | undefined }[] | undefined,
): Map<string, string> {
  return new Map((tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]))
}

/** Finds what has the tags of one cluster, or of any. */
export function clusterFilters(cluster: string | undefined): { Name: string; Values: string[] }[] {
  return cluster === undefined
    ? [{ Name: 'tag-key', Values: [tagKeys.cluster] }]
    : [{ Name: `tag:${tagKeys.cluster}`, Values: [cluster] }]
}

export function groupName(cluster: string): string {
  return `tm-${cluster}`
}

/**
 * Of role and profile. Their names are unique in the account, so the region is part of them. At most
 * 3 + 15 + 1 + 40 of IAM's 64 characters for a role (IAM User Guide, IAM and STS quotas).
 */
export function roleName(region: string, cluster: string): string {
  return `tm-${region}-${cluster}`
}

/** The path of all roles and profiles of tm, so that a policy can be limited to them. */
export const iamPath = '/tm/'
