/** `tm down --orphans`: shows what does nothing, asks, and removes it if that has not changed a minute later. */
import { type RenderedError, TmError } from '../../core/errors.ts'
import type { Reporter } from '../../core/progress.ts'
import { suggest, tm } from '../../core/suggestions.ts'
import { pluralize } from '../../core/text.ts'
import type { Listing, Orphan } from '../../provider/cluster.ts'
import type { OrphanRemoval, RemoveOptions } from '../../provider/ec2/cluster/remove-orphans.ts'
import { describeOrphans } from '../output/orphans.ts'

export interface DownOrphansOptions {
  look: RemoveOptions
  /** Only those of this cluster. */
  only: string | undefined
  /** Shows what was found. */
  show: (text: string) => void
  note: (notes: Listing['notes']) => void
  confirm: (loss: string) => Promise<boolean>
  reporter: Reporter
}

export interface DownOrphansResult {
  removed: Orphan[]
  remaining: Orphan[]
  /** Found, and left to somebody who knows what is on its disk. */
  left: Orphan[]
  problems?: RenderedError[]
}

export async function downOrphans({
  look,
  only,
  show,
  note,
  confirm,
  reporter,
}: DownOrphansOptions): Promise<Omit<OrphanRemoval, 'notes'> & { left: Orphan[] }> {
  // Loaded here: the AWS SDK takes longer to load than everything else together.
  const { listOrphansInRegions } = await import('../../provider/ec2/cluster/list-orphans.ts')
  const { isRemovable, removeOrphans } = await import(
    '../../provider/ec2/cluster/remove-orphans.ts'
  )
  const { orphans, notes } = await listOrphansInRegions(look)
  note(notes)
  const found = orphans.filter(({ cluster }) => only === undefined || cluster === only)
  if (found.length > 0) show(describeOrphans(found, { now: Date.now(), terminal: true }))
  const wanted = found.filter(isRemovable)
  const left = found.filter((one) => !isRemovable(one))
  if (left.length > 0) reporter.say(`Left as they are: ${left.map(({ id }) => id).join(', ')}.`)
  if (wanted.length === 0) {
    // A note says what was not looked at.
    if (found.length === 0 && notes.length === 0) {
      reporter.say('There are no orphans.')
    }
    return { removed: [], remaining: [], problems: [], left }
  }
  const what = `${pluralize(wanted.length, 'orphan')}: ${wanted.map(({ id }) => id).join(', ')}`
  if (!(await confirm(what))) {
    throw new TmError('failed', `Nothing was removed of ${what}`, {
      suggestions: [suggest`Without asking: ${tm('down', { orphans: true, yes: true })}`],
    })
  }
  const done = await reporter.step('orphans removed', async (note) => {
    note('looks again in a minute whether they are still orphans')
    const removal = await removeOrphans(look, wanted)
    note(removal.removed.map(({ id }) => id).join(', ') || 'none')
    return removal
  })
  note(done.notes)
  const { removed, remaining, problems } = done
  const again = wanted.filter(({ id }) => ![...removed, ...remaining].some((one) => one.id === id))
  if (again.length > 0 && !done.notes.some(({ failed }) => failed)) {
    reporter.say(`Gone, or of use again: ${again.map(({ id }) => id).join(', ')}.`)
  }
  return { removed, remaining, problems, left }
}
