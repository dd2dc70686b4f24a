// Generates the SHA-512 compression of one message block (FIPS 180-4, 6.4.2), all eighty rounds
// unrolled: scalar rounds, and a message schedule two words at a time in SIMD.
import { layout } from '../src/kinds/sha512/layout.ts'
import { at, type Code } from './code.ts'
import {
  type Pair,
  pairRotateRight,
  pairShiftRight,
  pairSum,
  pairText,
  pairXor,
  straddle,
} from './pair.ts'
import { and, rotateRight, sum, type Word, xor } from './word.ts'

export type State = readonly [Word, Word, Word, Word, Word, Word, Word, Word]

/** One 128-byte message block. */
export interface Block {
  /** W[0] to W[15] as eight pairs. */
  readonly pairs: readonly Pair[]
  /** W[t] + K[t] for the rounds 0 to 15. */
  readonly inputs: readonly Word[]
}

// How many rounds before their use two words of the schedule are computed: even, at most 14 (the
// inputs kept). Measured in M hashes/s: 6.01 at 0, 6.16 at 2, 6.28 at 10, 6.21 at 14. The other
// figures in this file compare with 6.25.
const lead = 10

/** The words of the next state: `state` plus the eighty rounds over `block`. */
export function compress(code: Code, state: State, block: Block): State {
  const pairs = [...block.pairs]
  let working = state
  for (let t = 0; t < 80; t += 1) {
    if (t % 2 === 0 && t + lead >= 16 && t + lead < 80) extendSchedule(code, pairs, t + lead)
    working = round(code, t, working, t < 16 ? at(block.inputs, t) : roundInput(t))
  }
  return state.map((word, i) => sum(at(working, i), word)) as unknown as State
}

/** Stores W[t] + K[t] and its successor for the rounds that read them with `roundInput`. */
export function storeInputs(code: Code, t: number, words: Pair): void {
  // K comes from memory: v128 constants are slower (5.90).
  const constants = `(v128.load offset=${layout.constants + 8 * t} (i32.const 0))`
  const inputs = pairText(pairSum(words, constants))
  code.add(`(v128.store offset=${inputAddress(t)} (i32.const 0) ${inputs})`)
}

/** W[t] + K[t], passed through memory: extracting the lanes of a local is slower (5.80). */
export function roundInput(t: number): Word {
  return `(i64.load offset=${inputAddress(t)} (i32.const 0))`
}

function inputAddress(t: number): number {
  return layout.inputs + 8 * (t % 16)
}

/** Replaces W[t - 16] and W[t - 15], the oldest of the sixteen words kept, by W[t] and W[t + 1]. */
function extendSchedule(code: Code, pairs: Pair[], t: number): void {
  const back = (words: number): Pair => at(pairs, ((t - words) / 2) % 8)
  const minus15 = straddle(back(16), back(14))
  const minus15Once = typeof minus15 === 'string' ? code.pair('minus15', minus15) : minus15
  const minus7 = straddle(back(8), back(6))
  const position = (t / 2) % 8
  const next = pairSum(back(16), minus7, smallSigma0(minus15Once), smallSigma1(back(2)))
  pairs[position] = code.pair(`pair${position}`, next)
  storeInputs(code, t, at(pairs, position))
}

function round(code: Code, t: number, [a, b, c, d, e, f, g, h]: State, input: Word): State {
  // What becomes known last is added last: e here, and t1 two lines below (6.00 if added first).
  const t1 = code.word('t1', sum(h, input, choose(e, f, g), bigSigma1(e)))
  const nextE = code.word(`e${t % 4}`, sum(d, t1))
  const nextA = code.word(`a${t % 4}`, sum(bigSigma0(a), majority(a, b, c), t1))
  return [nextA, a, b, c, nextE, e, f, g]
}

function choose(x: Word, y: Word, z: Word): Word {
  return xor(and(x, xor(y, z)), z)
}

/** x ^ y is y ^ z of the next round. V8 sees that: naming it here gains nothing. */
function majority(x: Word, y: Word, z: Word): Word {
  return xor(and(xor(x, y), xor(y, z)), y)
}

/** ROTR 28, 34 and 39, nested: that takes fewer instructions than side by side (5.96). */
function bigSigma0(x: Word): Word {
  return rotateRight(xor(x, rotateRight(xor(x, rotateRight(x, 5)), 6)), 28)
}

/** Side by side, not nested (5.23): each round waits for this sum. */
function bigSigma1(x: Word): Word {
  return xor(rotateRight(x, 14), rotateRight(x, 18), rotateRight(x, 41))
}

function smallSigma0(x: Pair): Pair {
  return pairXor(pairRotateRight(x, 1), pairRotateRight(x, 8), pairShiftRight(x, 7))
}

function smallSigma1(x: Pair): Pair {
  return pairXor(pairRotateRight(x, 19), pairRotateRight(x, 61), pairShiftRight(x, 6))
}
