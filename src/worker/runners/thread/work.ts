/** The kinds of work that run in a thread. They may block it if they check whether to stop. */
import { createSha512 } from '../../../kinds/sha512/run.ts'

export interface ThreadWork {
  /**
   * Returns the bytes of the result, or undefined if stopped. Must call `shouldStop` every few
   * milliseconds. An error fails the attempt.
   */
  run(
    spec: unknown,
    body: Uint8Array,
    shouldStop: () => boolean,
  ): Uint8Array<ArrayBuffer> | undefined
  /** Makes the first task as fast as later tasks. */
  warmUp(): void
}

export const threadWork = { sha512: createSha512 } satisfies Record<string, () => ThreadWork>

export type ThreadKind = keyof typeof threadWork
