/**
 * A queue and the reports on their way to it, for `reports.property.test.ts`: the network may lose,
 * double, delay and reorder them. Knows what was acknowledged, and looks whether that is what is seen.
 */
import { expect } from 'vitest'
import { unpackLeases } from '../../src/api/leases.ts'
import { packResults } from '../../src/api/reports.ts'
import type { Moment } from '../../src/core/clock.ts'
import type { TaskStore, Verdict } from '../../src/node/store/task-store.ts'

export const lease = 1000
const maxAttempts = 1000
export const ids = Array.from({ length: 6 }, (_, n) => `0199b3a0-0000-7000-8000-00000000000${n}`)

/** A report on its way; it may arrive at any time, and more than once. */
export interface Report {
  worker: string
  id: string
  attempt: number
  kind: 'complete' | 'fail' | 'release' | 'renew'
}

/** Every attempt has another result, so that it is seen whose it is. */
const resultOf = ({ id, attempt, worker }: Report) => {
  const result = new Uint8Array(64).fill(attempt % 256)
  result.set(Buffer.from(`${id} ${worker}`.slice(-20)), 1)
  return result
}
const hex = (bytes: Uint8Array = new Uint8Array()) => Buffer.from(bytes).toString('hex')
const hexOf = (report: Report) => hex(resultOf(report))

export class History {
  readonly network: Report[] = []
  /** Results that were acknowledged, by the task. */
  readonly settled = new Map<string, string>()
  now: Moment = { wall: 1e12, steady: 1e12 }
  /** Races that were there to be won: a completion and the expiry in one turn, the lease over. */
  races = 0
  readonly #store: TaskStore

  constructor(store: TaskStore) {
    this.#store = store
  }

  pass(ms: number): void {
    this.now = { wall: this.now.wall - 3 * ms, steady: this.now.steady + ms }
  }

  /** A worker takes tasks, and at once there is on its way whatever may become of them. */
  async claim(worker: string, kinds: Report['kind'][]): Promise<void> {
    const wish = { worker, max: 2, maxWork: 1e9, maxBytes: 1e9, lease }
    const { frames } = await this.#store.claim(wish, this.now)
    for (const { id, attempt } of unpackLeases(frames)) {
      for (const kind of kinds) this.network.push({ worker, id, attempt, kind })
    }
  }

  async deliver(report: Report): Promise<void> {
    const [verdict] = await this.#send(report)
    if (report.kind !== 'complete') return
    const before = this.settled.get(report.id)
    if (verdict === 'done') {
      expect(before ?? hexOf(report)).toBe(hexOf(report))
      this.settled.set(report.id, hexOf(report))
    }
  }

  /** Both in one turn, as they come: whoever is first has the task. */
  async race(report: Report): Promise<void> {
    const [task] = await this.#store.get([report.id])
    const holds = task?.state === 'running' && task.attempts === report.attempt
    const complete: Report = { ...report, kind: 'complete' }
    await Promise.all([this.deliver(complete), this.expireLeases()])
    if (!holds || task.worker !== report.worker) return
    this.races += 1
    expect(this.settled.get(report.id), 'the completion was first').toBe(hexOf(report))
  }

  async expireLeases(): Promise<void> {
    await this.#store.expireLeases(maxAttempts, this.now)
  }

  /** A worker that is well comes, and everything ends; what was on its way arrives after all. */
  async finish(): Promise<void> {
    for (let round = 0; this.settled.size < ids.length; round += 1) {
      expect(round, 'a task never ends').toBeLessThan(99)
      this.pass(2 * lease)
      await this.expireLeases()
      const late = this.network.splice(0)
      await this.claim('w1', ['complete'])
      for (const report of [...late, ...this.network]) await this.deliver(report)
      await this.check()
    }
  }

  /** What was acknowledged is what is seen, as often as one looks. */
  async check(): Promise<void> {
    for (const task of await this.#store.get(ids)) {
      const settled = task && this.settled.get(task.id)
      if (settled) expect([task.state, hex(task.result)]).toEqual(['succeeded', settled])
      else expect(task?.result).toBeUndefined()
    }
    const { results } = await this.#store.results({ limit: 99 })
    expect(new Map(results.map(({ id, result }) => [id, hex(result)]))).toEqual(this.settled)
    expect(results).toHaveLength(this.settled.size)
  }

  async #send(report: Report): Promise<Verdict[]> {
    const { kind, worker, id, attempt } = report
    const ref = { id, attempt }
    if (kind === 'renew') return await this.#store.renew(worker, [ref], lease, this.now)
    if (kind === 'release') return await this.#store.release(worker, [ref], this.now)
    if (kind === 'complete') {
      const packed = packResults([{ ...ref, result: resultOf(report) }])
      return await this.#store.complete(worker, packed, this.now)
    }
    const failed = [{ ...ref, error: 'broken', delay: 10 }]
    return await this.#store.fail(worker, failed, maxAttempts, this.now)
  }
}
