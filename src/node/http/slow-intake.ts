import { describeIntake, whatFrees } from '../../core/intake.ts'
import { renderSuggestion } from '../../core/suggestions.ts'
import { placeOf } from './errors.ts'
import type { NodeContext } from './node-context.ts'

/** Part of the answer to whoever has sent tasks: why this node takes them slowly, if it does. */
export function slowIntake(context: NodeContext): { slow?: string } {
  const disk = context.intake.disk()
  const why = disk && describeIntake(`${context.info.id}'s`, disk)
  return why ? { slow: `${why}. ${renderSuggestion(whatFrees, placeOf(context))}` } : {}
}
