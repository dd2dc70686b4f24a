/** The store under test, opened anew for each test, and functions that the suites share. */
import { afterEach, beforeEach } from 'vitest'
import { concat } from '../../../src/api/frames.ts'
import { type PackedLeases, unpackLeases } from '../../../src/api/leases.ts'
import type { Moment } from '../../../src/core/clock.ts'
import type { Room } from '../../../src/core/resources.ts'
import type { AcceptedTask, Lease, StoredTask } from '../../../src/core/task.ts'
import type { Store } from '../../../src/node/store/store.ts'
import type { ClaimRequest, TaskStore } from '../../../src/node/store/task-store.ts'
import { sha512Task } from '../../support/sha512-task.ts'

export interface Opened {
  readonly store: Store
  /** Closes the store and opens it again, as a node does that restarts. */
  reopen(): Promise<Store>
  /** Closes the store and removes its data. */
  close(): Promise<void>
}

export type Open = () => Promise<Opened>

export interface Held extends Pick<Store, 'tasks' | 'jobs' | 'shared' | 'documents' | 'snapshots'> {
  reopen(): Promise<TaskStore>
}

export function hold(open: Open): Held {
  let opened: Opened
  beforeEach(async () => {
    opened = await open()
  })
  afterEach(() => opened.close())
  return {
    get tasks() {
      return opened.store.tasks
    },
    get jobs() {
      return opened.store.jobs
    },
    get shared() {
      return opened.store.shared
    },
    get documents() {
      return opened.store.documents
    },
    get snapshots() {
      return opened.store.snapshots
    },
    reopen: async () => (await opened.reopen()).tasks,
  }
}

export const epoch = Date.UTC(2026, 0, 1)
export const lease = 30_000
export const maxAttempts = 5

const total = { cpus: 100, memory: 1, disk: 1 }
/** Of a worker that can run a hundred tasks of jobs at a time. */
export const roomy: Room = { free: total, total, batch: 100 }

/** `ms` after the start, on a machine whose wall clock has jumped by `jump`. */
export function at(ms: number, jump = 0): Moment {
  return { steady: epoch + ms, wall: epoch + ms + jump }
}

let made = 0

export function newId(): string {
  made += 1
  return `0199b3a0-0000-7000-8000-${made.toString(16).padStart(12, '0')}`
}

export function newTask({ body = 'body', iterations = 1, id = newId() } = {}): AcceptedTask {
  return sha512Task({ id, iterations, body: bytes(body) })
}

export function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(text))
}

export function digest(fill: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(64).fill(fill)
}

/** Enqueues `count` tasks, a millisecond apart, and gives their ids in that order. */
export async function enqueue(store: TaskStore, count: number, from = 0): Promise<string[]> {
  const tasks = Array.from({ length: count }, () => newTask())
  for (const [i, task] of tasks.entries()) await store.enqueue([task], at(from + i))
  return tasks.map(({ id }) => id)
}

export async function claim(
  store: TaskStore,
  ms: number,
  { worker = 'w1', max = 1, maxWork = 1e9, maxBytes = 1e9, ...more }: Partial<ClaimRequest> = {},
): Promise<Lease[]> {
  const request = { worker, max, maxWork, maxBytes, lease, ...more }
  const { count, frames, unread } = await store.claim(request, at(ms))
  const leases = unpackLeases(unread ? await wholeOf(store, frames, unread) : frames)
  if (leases.length !== count) throw new Error(`${count} leases, but ${leases.length} in frames`)
  return leases
}

/** The frames and the large body that follows them. */
async function wholeOf(
  store: TaskStore,
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

/** The lease of the next task. */
export async function claimOne(store: TaskStore, ms: number, worker = 'w1'): Promise<Lease> {
  const [only] = await claim(store, ms, { worker })
  if (!only) throw new Error('there was nothing to claim')
  return only
}

export async function taskOf(store: TaskStore, id: string): Promise<StoredTask> {
  const [task] = await store.get([id])
  if (!task) throw new Error(`no task ${id}`)
  return task
}
