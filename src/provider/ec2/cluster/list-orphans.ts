/** `tm list --orphans`: what does nothing, in the regions that matter to this machine, or in all. */
import type { Listing, Orphan } from '../../cluster.ts'
import { type LookOptions, lookInRegions } from './look-in-regions.ts'
import { listOrphans } from './orphans.ts'

export async function listOrphansInRegions(
  options: LookOptions,
): Promise<{ orphans: Orphan[]; notes: Listing['notes'] }> {
  const answers = await lookInRegions(options, listOrphans)
  // Two profiles may be of one account.
  const found = answers.flatMap(({ found, asked }) =>
    found.map((one) => [`${asked?.account} ${one.region} ${one.kind} ${one.id}`, one] as const),
  )
  return {
    orphans: [...new Map(found).values()],
    notes: answers.flatMap(({ notes }) => notes),
  }
}
