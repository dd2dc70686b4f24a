/** Why a worker stops, and the time that its tasks then have. */

/** Why the worker has to stop, and how long running tasks may take to end. */
export interface Stop {
  why: string
  finishWithinMs: number
  /** How long they may then take to end, once they are told to. */
  endWithinMs: number
}

/** A running task that does not finish in this time is released. */
export const toldToStop: Stop = {
  why: 'it was told to stop',
  finishWithinMs: 4000,
  endWithinMs: 1000,
}
