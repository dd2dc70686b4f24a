// The layout of the kernel's memory, shared by the kernel's generator and chain.ts.

export const layout = {
  /** The current hash: 64 bytes in digest order. */
  state: 0,
  /** The initial hash value: 64 bytes in digest order. */
  initialState: 64,
  /** Scratch space: the inputs of the next sixteen rounds. */
  inputs: 128,
  /** The eighty round constants. */
  constants: 256,
  /** Message blocks to absorb: `windowBytes`, plus space for the padding. */
  window: 1024,
  windowBytes: 65_536,
  /** Each page has 64 KiB. */
  pages: 2,
} as const
