/** A machine on which AWS is not used: no region, or no credentials. */
import { NoRegionError } from '../../provider/ec2/clients.ts'
import { AwsTmError } from '../../provider/ec2/errors.ts'

/** Which is no failure of what looks at AWS only besides. */
export function isNotSetUp(error: unknown): boolean {
  if (error instanceof NoRegionError) return true
  return error instanceof AwsTmError && error.row.kind === 'no-credentials'
}
