/**
 * The scaling policy: decides from what the scaler saw what to do, and says why. Pure; the scaler in
 * `node/` observes, calls `decide`, and acts.
 */
import type { Settings } from '../settings.ts'
import type { Observation, Plan } from './plan.ts'
import { decideByRules } from './rules.ts'
import { decideByTarget, type Outlook } from './target.ts'

/** `outlook` is there if the settings ask for a target. */
export type Seen = Observation & { outlook?: Outlook }

export function decide(
  { outlook, ...seen }: Seen,
  settings: Pick<Settings, 'scaleAfter' | 'target'>,
): Plan {
  if (!outlook) return decideByRules(seen, settings)
  return decideByTarget({ ...seen, outlook }, settings)
}
