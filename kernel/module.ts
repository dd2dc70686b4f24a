// Generates the kernel's WebAssembly text: one memory (see layout.ts) and the functions `begin`,
// `absorb` and `iterate`, which work on the hash state kept in that memory.
import { layout } from '../src/kinds/sha512/layout.ts'
import { at, type Code, createCode } from './code.ts'
import { type Block, compress, roundInput, type State, storeInputs } from './compress.ts'
import { initialState, roundConstants } from './constants.ts'
import { type Pair, pairOf, pairText, swapBytes } from './pair.ts'
import { sum, type Word, wordText } from './word.ts'

const stateNames = ['h0', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'h7'] as const
const stateWords = stateNames.map((name) => `(local.get $${name})`) as unknown as State

export function kernelText(): string {
  return `(module
(memory (export "memory") ${layout.pages} ${layout.pages})
(data (i32.const ${layout.initialState}) "${initialState.map(bytesText).join('')}")
(data (i32.const ${layout.constants}) "${roundConstants.map(littleEndianText).join('')}")
(func (export "begin")
${beginCode()})
(func (export "absorb") (param $left i32) (local $address i32)
${absorbCode()})
(func (export "iterate") (param $left i32)
${iterateCode()}))
`
}

/** begin(): the state becomes the initial hash value. */
function beginCode(): string {
  const code = createCode()
  for (let i = 0; i < 64; i += 16) {
    const source = `(v128.load offset=${layout.initialState + i} (i32.const 0))`
    code.add(`(v128.store offset=${layout.state + i} (i32.const 0) ${source})`)
  }
  return code.text()
}

/** absorb(count >= 1): hashes that many message blocks, from the start of the window. */
function absorbCode(): string {
  return repeatOnState((code) => {
    const pairs = pairIndexes(16).map((t) => {
      const bytes = `(v128.load offset=${layout.window + 8 * t} (local.get $address))`
      return code.pair(`pair${t / 2}`, swapBytes(bytes))
    })
    for (const [i, pair] of pairs.entries()) storeInputs(code, 2 * i, pair)
    const inputs = Array.from({ length: 16 }, (_, t) => roundInput(t))
    setState(code, compress(code, stateWords, { pairs, inputs }))
    code.add('(local.set $address (i32.add (local.get $address) (i32.const 128)))')
  })
}

/** iterate(count >= 1): the state becomes the SHA-512 of its 64 bytes, that many times. */
function iterateCode(): string {
  return repeatOnState((code) => {
    setState(code, compress(code, initialState as unknown as State, digestBlock(code)))
  })
}

/** The only block of a 64-byte message: the state, then constant padding (FIPS 180-4, 5.1.2). */
function digestBlock(code: Code): Block {
  const words: Word[] = [...stateWords, 1n << 63n, 0n, 0n, 0n, 0n, 0n, 0n, 512n]
  const pairs = pairIndexes(16).map((t): Pair => {
    const pair = pairOf(at(words, t), at(words, t + 1))
    return typeof pair === 'string' ? code.pair(`pair${t / 2}`, pair) : pair
  })
  return { pairs, inputs: words.map((word, t) => sum(word, at(roundConstants, t))) }
}

/** A loop of $left turns, with the state in locals meanwhile. */
function repeatOnState(turn: (code: Code) => void): string {
  const code = createCode()
  for (const t of pairIndexes(8)) {
    const bytes = `(v128.load offset=${layout.state + 8 * t} (i32.const 0))`
    const pair = code.pair('pair0', swapBytes(bytes))
    code.word(at(stateNames, t), `(i64x2.extract_lane 0 ${pair})`)
    code.word(at(stateNames, t + 1), `(i64x2.extract_lane 1 ${pair})`)
  }
  code.add('(loop $again')
  turn(code)
  code.add('(br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))')
  for (const t of pairIndexes(8)) {
    const bytes = swapBytes(pairText(pairOf(at(stateWords, t), at(stateWords, t + 1))))
    code.add(`(v128.store offset=${layout.state + 8 * t} (i32.const 0) ${bytes})`)
  }
  return code.text()
}

function setState(code: Code, words: State): void {
  for (const [i, word] of words.entries()) {
    code.add(`(local.set $${at(stateNames, i)} ${wordText(word)})`)
  }
}

function pairIndexes(words: number): number[] {
  return Array.from({ length: words / 2 }, (_, i) => 2 * i)
}

function bytesText(word: bigint): string {
  return word.toString(16).padStart(16, '0').replaceAll(/../g, '\\$&')
}

function littleEndianText(word: bigint): string {
  return (bytesText(word).match(/\\../g) ?? []).reverse().join('')
}
