/** The store under test, opened anew for each test, and the small words that the suites share. */
import { afterEach, beforeEach } from 'vitest'
import type { Moment } from '../../../src/core/clock.ts'
import { concat } from '../../../src/core/frames.ts'
import { type PackedLeases, unpackLeases } from '../../../src/core/leases.ts'
import type { Lease, NewTask, Task } from '../../../src/core/task.ts'
import type { Store } from '../../../src/node/store/store.ts'

export interface Opened {
  readonly store: Store
  /** Closes the store and opens what it has kept, as a node does that starts again. */
  reopen(): Promise<Store>
  /** Closes the store and removes what it has kept. */
  close(): Promise<void>
}

export type Open = () => Promise<Opened>

export interface Held {
  readonly store: Store
  reopen(): Promise<Store>
}

export function hold(open: Open): Held {
  let opened: Opened
  beforeEach(async () => {
    opened = await open()
  })
  afterEach(() => opened.close())
  return {
    get store() {
      return opened.store
    },
    reopen: () => opened.reopen(),
  }
}

export const epoch = Date.UTC(2026, 0, 1)
export const lease = 30_000
export const maxAttempts = 5

/** `ms` after the start, on a machine whose wall clock has jumped by `jump`. */
export function at(ms: number, jump = 0): Moment {
  return { steady: epoch + ms, wall: epoch + ms + jump }
}

let made = 0

export function newId(): string {
  made += 1
  return `0199b3a0-0000-7000-8000-${made.toString(16).padStart(12, '0')}`
}

export function newTask({ body = 'body', iterations = 1, id = newId() } = {}): NewTask {
  return { id, iterations, body: bytes(body) }
}

export function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(text))
}

export function digest(fill: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(64).fill(fill)
}

export const hexOf = (fill: number) => Buffer.from(digest(fill)).toString('hex')

/** Enqueues so many tasks, one millisecond after the other, and gives their ids in that order. */
export async function enqueue(store: Store, count: number, from = 0): Promise<string[]> {
  const tasks = Array.from({ length: count }, () => newTask())
  for (const [i, task] of tasks.entries()) await store.enqueue([task], at(from + i))
  return tasks.map(({ id }) => id)
}

export async function claim(
  store: Store,
  ms: number,
  { worker = 'w1', max = 1, maxWork = 1e9, maxBytes = 1e9 } = {},
): Promise<Lease[]> {
  const request = { worker, max, maxWork, maxBytes, lease }
  const { count, frames, unread } = await store.claim(request, at(ms))
  const leases = unpackLeases(unread ? await wholeOf(store, frames, unread) : frames)
  if (leases.length !== count) throw new Error(`${count} leases, but ${leases.length} in frames`)
  return leases
}

/** The frames with the body that has to follow them. */
async function wholeOf(
  store: Store,
  frames: Uint8Array,
  { id, size }: NonNullable<PackedLeases['unread']>,
) {
  const pieces = [frames]
  for (let read = 0; read < size; ) {
    const piece = await store.readBody(id, read)
    if (piece.length === 0) throw new Error(`the body of ${id} ends at ${read} of ${size}`)
    pieces.push(piece)
    read += piece.length
  }
  return concat(pieces)
}

/** The one lease of a store that has one task to give. */
export async function claimOne(store: Store, ms: number, worker = 'w1'): Promise<Lease> {
  const [only] = await claim(store, ms, { worker })
  if (!only) throw new Error('there was nothing to claim')
  return only
}

export async function taskOf(store: Store, id: string): Promise<Task> {
  const [task] = await store.get([id])
  if (!task) throw new Error(`no task ${id}`)
  return task
}
