// Where things lie in the kernel's memory: shared by the kernel's generator and by chain.ts.

export const layout = {
  /** The hash so far, 64 bytes in the order of a digest. */
  state: 0,
  /** The initial hash value, 64 bytes in the order of a digest. */
  initialState: 64,
  /** Scratch: the inputs of the next sixteen rounds. */
  inputs: 128,
  /** The eighty round constants. */
  constants: 256,
  /** Message blocks to absorb: `windowBytes` and room for the padding. */
  window: 1024,
  windowBytes: 65_536,
  /** Of 64 KiB each. */
  pages: 2,
} as const
