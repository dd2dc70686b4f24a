/**
 * Leases on their way from the store to a worker: frames with {id, attempt, iterations} for a header.
 * They are made where the bodies lie and read where they are worked on; nothing between looks inside.
 */
import { readFrames, type Unwritten, writeFrames } from './frames.ts'
import type { Lease } from './task.ts'

export interface PackedLeases {
  count: number
  frames: Uint8Array<ArrayBuffer>
  /** A large body, whose lease is the only one: it has to follow the frames, read piece by piece. */
  unread?: { id: string; attempt: number; size: number }
}

/** A lease whose body is still where it is stored. `write` is missing from a large one. */
export interface StoredLease extends Omit<Lease, 'body'>, Omit<Unwritten, 'header'> {}

export function packLeases(leases: StoredLease[]): PackedLeases {
  const frames = leases.map(({ size, write, id, attempt, iterations }) => {
    return { header: { id, attempt, iterations }, size, write }
  })
  const packed = { count: leases.length, frames: writeFrames(frames) }
  const large = leases.find(({ write }) => !write)
  if (!large) return packed
  const { id, attempt, size } = large
  return { ...packed, unread: { id, attempt, size } }
}

/** Which they are, without their bodies. */
export function refsIn({ frames, unread }: PackedLeases): Pick<Lease, 'id' | 'attempt'>[] {
  const leases = unread ? [unread] : unpackLeases(frames)
  return leases.map(({ id, attempt }) => ({ id, attempt }))
}

/** Bodies are views of `frames`. Throws `invalid` when it breaks off. */
export function unpackLeases(frames: Uint8Array<ArrayBuffer>): Lease[] {
  return readFrames(frames).map(({ header, body }) => ({
    ...(header as Omit<Lease, 'body'>),
    body,
  }))
}
