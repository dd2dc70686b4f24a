// 64-bit words of the generated code. A word is a bigint while its value is known to the generator
// and WebAssembly text otherwise, so work on the constant padding folds away by itself.

export type Word = bigint | string

const mask = (1n << 64n) - 1n

export function wordText(x: Word): string {
  return typeof x === 'bigint' ? `(i64.const 0x${x.toString(16)})` : x
}

export function sum(...terms: [Word, ...Word[]]): Word {
  return terms.reduce((x, y) => {
    if (typeof x === 'bigint' && typeof y === 'bigint') return (x + y) & mask
    return binary('i64.add', x, y)
  })
}

export function xor(...terms: [Word, ...Word[]]): Word {
  return terms.reduce((x, y) => {
    if (typeof x === 'bigint' && typeof y === 'bigint') return x ^ y
    return binary('i64.xor', x, y)
  })
}

export function and(x: Word, y: Word): Word {
  if (typeof x === 'bigint' && typeof y === 'bigint') return x & y
  return binary('i64.and', x, y)
}

export function rotateRight(x: Word, bits: number): Word {
  if (typeof x === 'bigint') return ((x >> BigInt(bits)) | (x << BigInt(64 - bits))) & mask
  return `(i64.rotr ${x} (i64.const ${bits}))`
}

function binary(operation: string, x: Word, y: Word): string {
  return `(${operation} ${wordText(x)} ${wordText(y)})`
}
