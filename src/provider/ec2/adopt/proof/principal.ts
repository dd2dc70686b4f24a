/** Compares ARNs that AWS has returned. Pure. */

/**
 * Ignores the session of a role: its name is new at every login, and its rights are the role's (IAM
 * User Guide, IAM identifiers: arn:aws:sts::account:assumed-role/role/session).
 */
export function isSamePrincipal(one: string, other: string): boolean {
  return principalOf(one) === principalOf(other)
}

/** The ARN without the session name. */
export function principalOf(arn: string): string {
  return arn.replace(/^(arn:[\w-]+:sts::\d+:assumed-role\/[^/]+)\/.*$/, '$1')
}

/** The instance that a node's proof names: its session name is the instance id. */
export function instanceOf(
  arn: string,
  { account, role }: { account: string; role: string },
): string | undefined {
  const match = /^arn:[\w-]+:sts::(\d+):assumed-role\/([^/]+)\/(i-[0-9a-f]+)$/.exec(arn)
  return match && match[1] === account && match[2] === role ? match[3] : undefined
}
