import type { FailedAttempt } from '../kinds/command/ending.ts'

/** How an attempt ended. `stopped`: it was cancelled or aborted, or the slot drained before it began. */
export type Outcome =
  /** `outputs`: all of its outputs, if they were not sent before. */
  | { kind: 'succeeded'; result: Uint8Array; outputs?: Uint8Array<ArrayBuffer> | undefined }
  /**
   * `final`: another attempt would not help. `lost`: it is not the command's fault. `machineFault`: others
   * would fail here as well.
   */
  | {
      kind: 'failed'
      error: string
      final?: true
      lost?: true
      machineFault?: true
      /** Bytes of memory that the next attempt gets, since this one ran out of it. */
      memory?: number
      attempt?: FailedAttempt
    }
  | { kind: 'stopped' }
