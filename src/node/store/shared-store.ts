/**
 * Where a node keeps the shared files of jobs, by the hash of their bytes. Like the methods of
 * `TaskStore`, each is atomic, and its effect is durable when it answers. `prune` removes, part by
 * part, what no job has needed for a while.
 */
import type { Moment } from '../../core/clock.ts'
import type { SharedContent } from '../../kinds/command/shared.ts'

/** What no job needs is kept for so long: for the next run, and for a job that is about to come. */
export const keepUnusedMs = 6 * 3_600_000

export interface SharedState {
  /** Its bytes have the hash. */
  verified: boolean
  /** The parts that are not there, in order. */
  missing: number[]
}

export interface SharedStore {
  /**
   * Says what of it is there, and keeps that for a while longer. Throws `conflict` if it is there in
   * another size; what was not verified begins anew instead.
   */
  openShared(content: SharedContent, now: Moment): Promise<SharedState>
  /**
   * Stores a part of what was opened. A part that is written again is replaced, until all of it is
   * verified. The bytes move to the store: the caller's are empty afterwards. Throws `not_found` if
   * it was not opened, `conflict` if it has no part of this length.
   */
  writeShared(
    sha256: string,
    part: number,
    bytes: Uint8Array<ArrayBuffer>,
    now: Moment,
  ): Promise<void>
  /** A part of what is verified, or `unverified` as well. Undefined if it is not there. */
  readShared(
    sha256: string,
    part: number,
    unverified?: boolean,
  ): Promise<Uint8Array<ArrayBuffer> | undefined>
  /** All parts are there. From now on it is verified; or it is dropped, if its hash is wrong. */
  settleShared(sha256: string, isRight: boolean): Promise<void>
}
