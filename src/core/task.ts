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
export const taskStates = ['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const
export type TaskState = (typeof taskStates)[number]

/** What a user submits. The id is the client's (UUIDv7), so that a retry never makes a second task. */
export interface NewTask {
  id: string
  iterations: number
  body: Uint8Array<ArrayBuffer>
}

/** Times are wall-clock milliseconds since the epoch; `result` is the hex of the final digest. */
export interface Task {
  id: string
  state: TaskState
  iterations: number
  /** Bytes in the body. */
  size: number
  /** Attempts begun. The newest one's number fences off the reports of the older ones. */
  attempts: number
  /** Attempts that ended in a failure or an expired lease; handed-back ones do not count. */
  failures: number
  enqueuedAt: number
  /** A delayed retry runs then, not before. */
  runAt?: number
  startedAt?: number
  completedAt?: number
  worker?: string
  result?: string
  error?: string
}

/** The result of a succeeded task. `completedAt` is wall-clock milliseconds since the epoch. */
export interface Result {
  id: string
  result: string
  iterations: number
  completedAt: number
  attempts: number
  /** Milliseconds from the last claim to the result. */
  took: number
}

/** A worker's right to one attempt. The worker learns how long it lasts when it registers. */
export interface Lease {
  id: string
  attempt: number
  iterations: number
  body: Uint8Array<ArrayBuffer>
}

/** 2^53 − 1: the largest count that JSON, SQLite and JavaScript all keep exactly. */
export const maxIterations = Number.MAX_SAFE_INTEGER

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Bytes in a result. */
export const resultBytes = 64

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
  return uuid.test(text)
}

/**
 * How much work a task is, in SHA-512 blocks of 128 bytes: the body is read once, then every
 * further iteration hashes one block. A worker claims by this measure, so that it takes hundreds
 * of small tasks at a time but never hoards large ones.
 */
export function workOf(task: { iterations: number; size: number }): number {
  return Math.ceil((task.size + 17) / 128) + task.iterations - 1
}
