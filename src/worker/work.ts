/**
 * What a worker runs: tasks without a job in its slots, tasks of jobs in its pool. Both share its
 * processors, so what one uses is not offered to the other.
 */
import { noRoom, type Room } from '../core/resources.ts'
import type { Claimed } from './node-pool.ts'
import type { Assignment, Pool, RunningTask, Slot } from './slot/slot.ts'

/** A slot takes this much work at a time, and takes more when less than `refillMs` is left. */
const batchMs = 100
const refillMs = 30

/** What to claim. */
export interface Wish {
  /** Cost of tasks without a job; 0 for none of them. */
  maxWork: number
  room: Room | undefined
  /** Nothing that runs now would soon make it ask for more. */
  mayWait: boolean
}

export type Work = ReturnType<typeof createWork>

export function createWork(slots: Slot[], pool: Pool | undefined) {
  const running = new Map<string, { task: RunningTask; runner: Slot | Pool }>()
  const runners: (Slot | Pool)[] = pool ? [...slots, pool] : slots

  /** Gives each lease to the slot that will be free first, or to the pool. */
  function assign({ leases, client: node, reports }: Claimed): void {
    const assignments = new Map<Slot | Pool, Assignment[]>()
    const added = new Map<Slot, number>()
    const load = (slot: Slot) => slot.load() + (added.get(slot) ?? 0) / slot.rate()
    for (const lease of leases) {
      const { id, attempt, kind, cost } = lease
      const slot = slots.reduce((best, one) => (load(one) < load(best) ? one : best))
      const runner = lease.job !== undefined && pool ? pool : slot
      const task: RunningTask = { id, attempt, kind, cost, node, reports }
      running.set(keyOf(task), { task, runner })
      if (runner === slot) added.set(slot, (added.get(slot) ?? 0) + cost)
      const batch = assignments.get(runner)
      if (batch) batch.push({ task, lease })
      else assignments.set(runner, [{ task, lease }])
    }
    for (const [runner, batch] of assignments) runner.run(batch)
  }

  return {
    assign,
    ended: (task: RunningTask) => void running.delete(keyOf(task)),
    running: () => [...running.values()].map(({ task }) => task),
    size: () => running.size,

    /** Cost that a slot does in a millisecond; undefined until it has been measured. */
    rate(): number | undefined {
      const rates = slots.flatMap((slot) => slot.measuredRate?.() ?? [])
      return rates.length === 0 ? undefined : rates.reduce((sum, one) => sum + one) / rates.length
    },

    /** Undefined while there is enough to do. */
    wish(): Wish | undefined {
      const busy = slots.filter((slot) => slot.load() > 0).length
      const room = pool?.room(busy)
      const most = slots.length - (pool?.cpus() ?? 0)
      const dry = slots.filter((slot) => slot.load() < refillMs).slice(0, Math.max(0, most))
      const maxWork = Math.ceil(dry.reduce((sum, slot) => sum + slot.rate() * batchMs, 0))
      if (maxWork === 0 && !room) return undefined
      // A claim that waits for commands only would not see that a busy slot has run dry.
      const asksForAll = room !== undefined && (maxWork > 0 || busy === 0)
      const mayWait = asksForAll || running.size === 0
      return { maxWork, room: room ?? (pool && noRoom), mayWait }
    },

    cancel: (task: RunningTask) => running.get(keyOf(task))?.runner.cancel(task),
    drain() {
      for (const runner of runners) runner.drain()
    },
    abort() {
      for (const runner of runners) runner.abort()
    },
    async close() {
      await Promise.all(runners.map((runner) => runner.close()))
    },
  }
}

/** Whether it is worth to ask a node again that had nothing for the last wish. */
export function asksForMore(wish: Wish | undefined, last: Wish): boolean {
  // Slots that are nearly dry ask whenever something ends.
  if (last.maxWork > 0) return true
  const cpus = (one: Wish | undefined) => one?.room?.free.cpus ?? 0
  return (wish?.maxWork ?? 0) > 0 || cpus(wish) > cpus(last)
}

function keyOf({ id, attempt }: RunningTask): string {
  return `${id}:${attempt}`
}
