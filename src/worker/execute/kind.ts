/**
 * A kind of work: what can be done with the bytes of a task. It runs in a thread of its own and may
 * hold it, as long as it asks `shouldStop` every few milliseconds.
 */
export interface Kind {
  /** The result's bytes, or undefined when it was told to stop. An error fails the attempt. */
  run(task: Work, shouldStop: () => boolean): Uint8Array<ArrayBuffer> | undefined
  /** Makes the first task as fast as the later ones. */
  warmUp(): void
}

export interface Work {
  iterations: number
  body: Uint8Array
}
