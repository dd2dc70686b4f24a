// Two neighbouring 64-bit words in one v128: the message schedule works on two words at a time.
// A pair folds at generation time when both of its words are known, as word.ts does for one word.
import { type Word, wordText } from './word.ts'

export type Pair = readonly [bigint, bigint] | string

const mask = (1n << 64n) - 1n

export function pairOf(first: Word, second: Word): Pair {
  if (typeof first === 'bigint' && typeof second === 'bigint') return [first, second]
  return `(i64x2.replace_lane 1 (i64x2.splat ${wordText(first)}) ${wordText(second)})`
}

export function pairText(x: Pair): string {
  if (typeof x === 'string') return x
  return `(v128.const i64x2 0x${x[0].toString(16)} 0x${x[1].toString(16)})`
}

export function pairSum(...terms: [Pair, ...Pair[]]): Pair {
  return terms.reduce((x, y) => combine('i64x2.add', x, y, (a, b) => (a + b) & mask))
}

export function pairXor(...terms: [Pair, ...Pair[]]): Pair {
  return terms.reduce((x, y) => combine('v128.xor', x, y, (a, b) => a ^ b))
}

export function pairShiftRight(x: Pair, bits: number): Pair {
  if (typeof x !== 'string') return [x[0] >> BigInt(bits), x[1] >> BigInt(bits)]
  return `(i64x2.shr_u ${x} (i32.const ${bits}))`
}

/** WebAssembly SIMD has no rotation. */
export function pairRotateRight(x: Pair, bits: number): Pair {
  return pairXor(pairShiftRight(x, bits), pairShiftLeft(x, 64 - bits))
}

/** The second word of `x` followed by the first word of `y`. */
export function straddle(x: Pair, y: Pair): Pair {
  if (typeof x !== 'string' && typeof y !== 'string') return [x[1], y[0]]
  return shuffle(x, y, [8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23])
}

/** Between the big-endian bytes of FIPS 180-4 and WebAssembly's little-endian words. */
export function swapBytes(x: string): string {
  return shuffle(x, x, [7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8])
}

function pairShiftLeft(x: Pair, bits: number): Pair {
  if (typeof x !== 'string') return [(x[0] << BigInt(bits)) & mask, (x[1] << BigInt(bits)) & mask]
  return `(i64x2.shl ${x} (i32.const ${bits}))`
}

function shuffle(x: Pair, y: Pair, lanes: readonly number[]): string {
  return `(i8x16.shuffle ${lanes.join(' ')} ${pairText(x)} ${pairText(y)})`
}

function combine(
  operation: string,
  x: Pair,
  y: Pair,
  fold: (a: bigint, b: bigint) => bigint,
): Pair {
  if (typeof x !== 'string' && typeof y !== 'string') return [fold(x[0], y[0]), fold(x[1], y[1])]
  if (isZero(x)) return y
  if (isZero(y)) return x
  return `(${operation} ${pairText(x)} ${pairText(y)})`
}

function isZero(x: Pair): boolean {
  return typeof x !== 'string' && x[0] === 0n && x[1] === 0n
}
