/**
 * A task and its life:
 *
 *            claim                complete
 *   queued ────────▶ running ────────────────▶ succeeded
 *     ▲  │             │ │
 *     │  │ cancel      │ └── cancel ─────────▶ cancelled
 *     │  └─────────────│──────────────────────▶ cancelled
 *     │   fail, lease  │
 *     └── expired ─────┤   (with a later runAt after a failure)
 *     ▲                └── the last attempt ──▶ failed
 *     └───────────────────────── retry ─────────┘
 */
import type { Resources } from './resources.ts'

export const taskStates = ['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const
export type TaskState = (typeof taskStates)[number]

/** The work of a task: a kind, and parameters that only this kind understands. */
export interface Work {
  /** The name of a folder in `kinds/`. */
  kind: string
  /** JSON, as the kind writes it. */
  spec: string
}

/** What a user submits. The client chooses the id (UUIDv7), so that a retry makes no second task. */
export interface NewTask extends Work {
  id: string
  /** The id of the job that it is part of. */
  job?: string
  /** Equal for equal tasks of jobs: `taskKeyPattern`. */
  key?: string
  body: Uint8Array<ArrayBuffer>
}

/** A task that its kind has checked and priced. */
export interface AcceptedTask extends NewTask {
  /** In units of the kind. A worker measures how many it completes per millisecond. */
  cost: number
}

/** A task in the store. Times are wall-clock milliseconds since the epoch. */
export interface StoredTask extends Work {
  id: string
  job?: string
  key?: string
  state: TaskState
  /** Bytes in the body. */
  size: number
  /** Attempts started. This number fences off reports of earlier attempts. */
  attempts: number
  /**
   * Attempts that failed, or whose lease expired. Released attempts do not count, and neither do the
   * lost leases of a job's task, since they say nothing about its command.
   */
  failures: number
  enqueuedAt: number
  /** A delayed retry does not run before this time. */
  runAt?: number
  startedAt?: number
  completedAt?: number
  worker?: string
  /** Opaque bytes; the kind formats them. */
  result?: Uint8Array
  error?: string
  /** How the last failed attempt ended, if its kind says that: JSON. */
  ending?: string
}

/** The end of what an attempt wrote to one stream. */
export interface KeptText {
  text: string
  /** Bytes that it has written in all. */
  bytes: number
}

/** A failed attempt in the store. Times are wall-clock milliseconds since the epoch. */
export interface StoredAttempt {
  attempt: number
  worker: string
  startedAt: number
  endedAt: number
  error: string
  /** JSON; the kind of the task knows it. */
  ending?: string
  stdout?: KeptText
  stderr?: KeptText
}

/** The result of a succeeded task. `completedAt` is wall-clock milliseconds since the epoch. */
export interface StoredResult extends Work {
  id: string
  job?: string
  result: Uint8Array
  completedAt: number
  attempts: number
  /** Milliseconds from the last claim to the result. */
  took: number
}

/** A worker's right to one attempt. The worker learns how long it lasts from its heartbeats. */
export interface Lease {
  id: string
  job?: string
  attempt: number
  /** Earlier attempts of a job's task that failed; absent for none. */
  failures?: number
  /** What a job's task needs; absent for one processor. */
  needs?: Resources
  kind: string
  spec: unknown
  cost: number
  body: Uint8Array<ArrayBuffer>
}

/** A job in the store. */
export interface StoredJob {
  id: string
  /** Wall-clock milliseconds since the epoch. */
  createdAt: number
  /** JSON, as the client sent it. */
  definition: string
  /** Why it is paused; absent if it is not. */
  paused?: string
  /** One worker at a time runs it, since no task has succeeded yet, and others wait. */
  isBeingTried?: boolean
  /** Its tasks on this node. */
  counts: Record<TaskState, number>
}

/** A UUID in lower case. */
export const taskIdPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** A key of a job's task: a SHA-256 in lower-case hex. */
export const taskKeyPattern = /^[0-9a-f]{64}$/

/** An id as its 16 bytes, and back. */
export function idBytes(id: string): Buffer {
  return Buffer.from(id.replaceAll('-', ''), 'hex')
}

export function idText(bytes: Uint8Array): string {
  return idFromHex(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex'))
}

export function idFromHex(hex: string): string {
  const part = (from: number, to: number) => hex.slice(from, to)
  return `${part(0, 8)}-${part(8, 12)}-${part(12, 16)}-${part(16, 20)}-${part(20, 32)}`
}

export function isTaskId(text: string): boolean {
  return taskIdPattern.test(text)
}
