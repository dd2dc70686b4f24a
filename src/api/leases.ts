/**
 * Encodes leases for the way from the store to a worker: frames with the header
 * `{id, attempt, cost, kind, spec}`, without `kind` and `spec` where they are those of the frame
 * before, and `{job, failures, needs}` for a task of a job. Most tasks of a claim ask for the same work, and
 * small tasks cost little more than their headers. Only the store and the worker look inside.
 */

import type { Lease } from '../core/task.ts'
import { readFrames, type Unwritten, writeFrames } from './frames.ts'

export interface PackedLeases {
  count: number
  frames: Uint8Array<ArrayBuffer>
  /** The only lease, if its body is large: the body is read in pieces and follows the frames. */
  unread?: { id: string; attempt: number; size: number }
  /** There may be more for this worker once another has succeeded with a task. Does not travel. */
  isHeld?: boolean
}

/** A lease whose body is still in the store. A large body has no `write`. */
export interface StoredLease extends Omit<Lease, 'body' | 'spec'>, Omit<Unwritten, 'header'> {
  /** JSON. */
  spec: string
}

export function packLeases(leases: StoredLease[]): PackedLeases {
  const frames = leases.map((lease, index) => ({
    header: headerOf(lease, leases[index - 1]),
    size: lease.size,
    write: lease.write,
  }))
  const packed = { count: leases.length, frames: writeFrames(frames) }
  const large = leases.find(({ write }) => !write)
  if (!large) return packed
  const { id, attempt, size } = large
  return { ...packed, unread: { id, attempt, size } }
}

/** Built by hand: the spec is JSON already, and each small task has one of these headers. */
function headerOf(
  { id, attempt, kind, cost, spec, job, failures = 0, needs }: StoredLease,
  before: StoredLease | undefined,
): string {
  const room = needs === undefined ? '' : `,"needs":${JSON.stringify(needs)}`
  const ofJob = job === undefined ? '' : `,"job":"${job}","failures":${failures}${room}`
  const own = `"id":"${id}","attempt":${attempt},"cost":${cost}${ofJob}`
  if (before?.kind === kind && before.spec === spec) return `{${own}}`
  return `{${own},"kind":${JSON.stringify(kind)},"spec":${spec}}`
}

/** The ids and attempts of packed leases. */
export function refsIn({ frames, unread }: PackedLeases): Pick<Lease, 'id' | 'attempt'>[] {
  const leases = unread ? [unread] : unpackLeases(frames)
  return leases.map(({ id, attempt }) => ({ id, attempt }))
}

/**
 * Bodies are views of `frames`. Leases with the same work share one `spec`. Throws `invalid` if
 * `frames` is incomplete.
 */
export function unpackLeases(frames: Uint8Array<ArrayBuffer>): Lease[] {
  let work: Pick<Lease, 'kind' | 'spec'> = { kind: '', spec: undefined }
  return readFrames(frames).map(({ header, body }) => {
    const lease = header as Omit<Lease, 'body' | 'kind' | 'spec'> & Partial<Lease>
    const { id, attempt, cost, kind, spec, job, failures, needs } = lease
    if (kind !== undefined) work = { kind, spec }
    const unpacked = { id, attempt, kind: work.kind, spec: work.spec, cost, body }
    if (job === undefined) return unpacked
    return { ...unpacked, job, failures: failures ?? 0, ...(needs ? { needs } : {}) }
  })
}
