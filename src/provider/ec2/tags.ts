/**
 * The tags by which everything of a cluster is found, and the names that follow from them. Set in
 * the creating call: a tag that is set afterwards leaves a window for orphans.
 */
export const tagKeys = {
  cluster: 'tm:cluster',
  /** node, worker, group, role or profile */
  kind: 'tm:kind',
  id: 'tm:id',
  /** Of a worker: the node that launched it. */
  node: 'tm:node',
  /** The attempt whose ClientToken made it: the next one of this id takes a higher number. */
  attempt: 'tm:attempt',
  /** Of what IAM knows, which has no region of its own. */
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

export function groupName(cluster: string): string {
  return `tm-${cluster}`
}

/**
 * Role and profile are known in the whole account, so the region is part of their name. At most
 * 3 + 15 + 1 + 40 of IAM's 64 characters for a role (IAM User Guide, IAM and STS quotas).
 */
export function roleName(region: string, cluster: string): string {
  return `tm-${region}-${cluster}`
}

/** Under which all roles and profiles of tm live, so that a policy can be limited to them. */
export const iamPath = '/tm/'
