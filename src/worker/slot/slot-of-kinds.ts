/** A slot for all kinds of work: passes each task to the runner of its kind. */
import type { Assignment, Runners, Slot, SlotOptions } from './slot.ts'

export function createSlotOfKinds(runners: Runners, options: SlotOptions): Slot {
  const byKind = new Map(
    Object.entries(runners).map(([kind, runner]) => [kind, runner.createSlot(options)]),
  )
  const slots = [...byKind.values()]
  let newest = slots[0]

  function run(kind: string, assignments: Assignment[]): void {
    const slot = byKind.get(kind)
    if (slot) {
      newest = slot
      slot.run(assignments)
    } else {
      const error = `this worker has no runner for the kind ${kind}`
      for (const { task } of assignments) options.onEnd(task, { kind: 'failed', error })
    }
  }

  return {
    load: () => slots.reduce((sum, slot) => sum + slot.load(), 0),
    rate: () => newest?.rate() ?? 1,
    measuredRate: () => newest?.measuredRate?.(),
    run(assignments) {
      const groups = Map.groupBy(assignments, ({ lease }) => lease.kind)
      for (const [kind, group] of groups) run(kind, group)
    },
    cancel: (task) => byKind.get(task.kind)?.cancel(task),
    drain() {
      for (const slot of slots) slot.drain()
    },
    abort() {
      for (const slot of slots) slot.abort()
    },
    async close() {
      await Promise.all(slots.map((slot) => slot.close()))
    },
  }
}
