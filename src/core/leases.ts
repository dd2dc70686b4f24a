/**
 * Leases on their way from the store to a worker: frames with {id, attempt, iterations} for a header.
 * They are made where the bodies lie and read where they are worked on; nothing between looks inside.
 */
import { readFrames, type Unwritten, writeFrames } from './frames.ts'
import type { Lease } from './task.ts'

export interface PackedLeases {
  count: number
  frames: Uint8Array<ArrayBuffer>
}

/** A lease whose body is still where it is stored. */
export interface StoredLease extends Omit<Lease, 'body'> {
  size: number
  write: Unwritten['write']
}

export function packLeases(leases: StoredLease[]): PackedLeases {
  const frames = leases.map(({ size, write, id, attempt, iterations }) => {
    return { header: { id, attempt, iterations }, size, write }
  })
  return { count: leases.length, frames: writeFrames(frames) }
}

/** Bodies are views of `frames`. Throws `invalid` when it breaks off. */
export function unpackLeases(frames: Uint8Array<ArrayBuffer>): Lease[] {
  return readFrames(frames).map(({ header, body }) => ({
    ...(header as Omit<Lease, 'body'>),
    body,
  }))
}
