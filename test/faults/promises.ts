/** What a store has promised by the lines of `fixtures/store-user.ts`, and whether it was kept. */
import { expect } from 'vitest'
import type { StoredTask } from '../../src/core/task.ts'
import { sha512 } from '../../src/kinds/sha512/sha512.ts'
import type { TaskStore } from '../../src/node/store/task-store.ts'
import { at, claim } from '../contract/store/held.ts'

/** Long after all that the program did, so that whatever it had leased has expired. */
const later = 1e12

export class Promises {
  /** Batches by their first id, in the order in which they were sent. */
  readonly sent = new Map<string, string[]>()
  readonly queued = new Set<string>()
  readonly done = new Map<string, string>()

  /** Half a line promises nothing. */
  hear(line: string): void {
    const [what, ...words] = line.split(' ')
    if (words.pop() !== '.') return
    const [first = '', result = ''] = words
    if (what === 'sent') this.sent.set(first, words)
    if (what === 'queued') for (const id of words) this.queued.add(id)
    if (what === 'done') this.done.set(first, result)
  }

  /** Every word kept in this store? What was not acknowledged is there as a whole, or not at all. */
  async check(store: TaskStore, batches = [...this.sent.values()]): Promise<void> {
    const ids = batches.flat()
    const tasks = new Map<string, StoredTask>()
    for (const task of await store.get(ids)) if (task) tasks.set(task.id, task)
    const lost = ids.filter((id) => this.queued.has(id) && !tasks.has(id))
    const torn = batches.filter((batch) => {
      const there = batch.filter((id) => tasks.has(id)).length
      return there > 0 && there < batch.length
    })
    const changed = ids.filter((id) => {
      return this.done.has(id) && shownResult(tasks.get(id)) !== this.done.get(id)
    })
    expect({ lost, torn, changed }).toEqual({ lost: [], torn: [], changed: [] })
  }

  /** And all of it can still be worked on: the bodies are there too. Ends the use of this store. */
  async checkBodies(store: TaskStore): Promise<void> {
    await store.resume(0, at(later))
    await store.expireLeases(99, at(later))
    const { queued, succeeded } = await store.stats(at(later))
    let count = 0
    for (;;) {
      // Later than any retry; a large one comes alone.
      const leases = await claim(store, 2 * later, { max: 1e6 })
      if (leases.length === 0) break
      const wrong = leases.filter(({ id, body }) => Buffer.from(body).toString().replaceAll(id, ''))
      expect(wrong).toEqual([])
      expect(leases.filter(({ body }) => body.length === 0)).toEqual([])
      count += leases.length
    }
    expect(count).toBe(queued)
    expect(queued + succeeded).toBeGreaterThanOrEqual(this.queued.size)
  }
}

function shownResult(task: StoredTask | undefined): string | undefined {
  return task?.result && sha512.showResult(task.result).result
}
