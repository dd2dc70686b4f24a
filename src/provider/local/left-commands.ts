/**
 * Commands that outlived their worker. A worker ends what it runs, and if it is killed the process that
 * started the commands does; only if both are killed does something go on.
 */

import { messageOf } from '../../core/errors.ts'
import { clusterTag, tagVariable } from '../../core/process-tags.ts'
import type { Reporter } from '../../core/progress.ts'
import { oneLine } from '../../core/text.ts'
import { until } from '../../runtime/until.ts'
import type { Part } from '../cluster.ts'
import { findByVariable, type TaggedProcess } from './process-table.ts'
import { stopProcess } from './stop-process.ts'

const graceMs = 10_000
/** Longer than the process that starts commands takes to end them, once it has lost its worker. */
const tidyMs = 3000

/** Those of a cluster without running workers. Only on Linux, where processes show their variables. */
export function leftCommands(folder: string): TaggedProcess[] {
  return findByVariable(tagVariable, clusterTag(folder)).filter(({ pid }) => pid !== process.pid)
}

/** Ends them, and returns what was ended. Whatever does not end is still to be found afterwards. */
export async function endLeftCommands(folder: string, reporter: Reporter): Promise<Part[]> {
  const areGone = () => leftCommands(folder).length === 0
  if (areGone() || (await until(areGone, { withinMs: tidyMs, pauseMs: 50 }))) return []
  const ended = new Map<number, TaggedProcess>()
  await reporter.step('commands ended that outlived their worker', async (note) => {
    // One may start another while it is asked to end.
    for (let round = 0; round < 10 && !areGone(); round += 1) {
      const found = leftCommands(folder)
      const outcomes = await Promise.allSettled(found.map((one) => stopProcess(one, graceMs)))
      for (const [index, outcome] of outcomes.entries()) {
        const one = found[index] as TaggedProcess
        if (outcome.status === 'fulfilled') ended.set(one.pid, one)
        else reporter.say(`Warning: ${messageOf(outcome.reason)}`)
      }
    }
    note([...ended.values()].map(nameOf).join(', '))
  })
  return [...ended.values()].map(showCommand)
}

export function showCommand({ pid, args }: TaggedProcess): Part {
  return { id: nameOf({ args }), kind: 'command', pid }
}

function nameOf({ args }: Pick<TaggedProcess, 'args'>): string {
  return oneLine(args.join(' ')).trim().slice(0, 60)
}
