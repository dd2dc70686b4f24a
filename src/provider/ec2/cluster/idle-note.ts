/** What idle workers cost, and what ends them sooner. Pure. */
import { formatDuration } from '../../../core/duration.ts'
import type { Settings } from '../../../core/settings.ts'
import { dollars, pluralize } from '../../../core/text.ts'

const hourMs = 3_600_000

/**
 * `hourly`: US dollars, of all workers that the limits allow; undefined if not known. Says nothing where a
 * target ends them soon anyway.
 */
export function idleNote(
  { policy, idleTimeout }: Pick<Settings, 'policy' | 'idleTimeout'>,
  { workers, hourly }: { workers: number; hourly: number | undefined },
): string[] {
  if (policy === 1 || workers === 0) return []
  const costs =
    hourly === undefined
      ? ''
      : `, which costs ${dollars((hourly * idleTimeout) / hourMs)} $ for ${pluralize(workers, 'worker')}`
  return [
    `Workers stay for ${formatDuration(idleTimeout)} after the last task${costs}; with --policy target they leave sooner`,
  ]
}
