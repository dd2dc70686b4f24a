/** Whether two ARNs that AWS has told are the same one, as far as rights go. Pure. */

/**
 * A role's session has a new name at every login, and what it may do is the role's: the session does
 * not count (IAM User Guide, IAM identifiers: arn:aws:sts::account:assumed-role/role/session).
 */
export function isSamePrincipal(one: string, other: string): boolean {
  return principalOf(one) === principalOf(other)
}

/** The ARN without the name of a session. */
export function principalOf(arn: string): string {
  return arn.replace(/^(arn:[\w-]+:sts::\d+:assumed-role\/[^/]+)\/.*$/, '$1')
}

/** The instance that a node's proof names: the session of its role is the instance's id. */
export function instanceOf(
  arn: string,
  { account, role }: { account: string; role: string },
): string | undefined {
  const match = /^arn:[\w-]+:sts::(\d+):assumed-role\/([^/]+)\/(i-[0-9a-f]+)$/.exec(arn)
  return match && match[1] === account && match[2] === role ? match[3] : undefined
}
