// Ids as AWS makes them.

import { randomBytes } from 'node:crypto'

/** A prefix and 17 hexadecimal digits, as EC2's resources have. */
export function newId(prefix: string): string {
  return `${prefix}-0${randomBytes(8).toString('hex')}`
}

/** IAM's unique ids: AROA… for roles, AIPA… for instance profiles. */
export function newUniqueId(prefix: string): string {
  return prefix + randomBytes(9).toString('hex').toUpperCase().slice(0, 17)
}
