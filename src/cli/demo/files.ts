/** The files of the demo: text and binary, 0 bytes to 5 MiB, always the same ones. */
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface DemoBatch {
  iterations: number
  files: string[]
  /** All of it to the first node, which falls behind and needs a loan. */
  oneNode?: boolean
}

const MiB = 1024 ** 2
const sizes = [0, 1, 63, 64, 111, 112, 127, 128, 129, 1000, 4096, 65_536, 65_537, MiB, 5 * MiB]

/** Hard work that makes one node borrow a place, then odd sizes and a crowd of small ones. */
export function makeFiles(folder: string): DemoBatch[] {
  return [
    {
      iterations: 100_000,
      files: many(40, (n) => make(folder, `hard-${n}`, binary(100 + n))),
      oneNode: true,
    },
    { iterations: 1, files: sizes.map((size) => make(folder, `binary-${size}`, binary(size))) },
    { iterations: 1000, files: many(145, (n) => make(folder, `text-${n}.txt`, poem(n))) },
  ]
}

function many<T>(count: number, item: (n: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => item(index + 1))
}

function make(folder: string, name: string, content: Uint8Array | string): string {
  mkdirSync(folder, { recursive: true })
  const file = join(folder, name)
  writeFileSync(file, content)
  return file
}

/** Bytes without a pattern: SHAKE256 of their number. */
function binary(size: number): Uint8Array {
  if (size === 0) return new Uint8Array()
  return createHash('shake256', { outputLength: size }).update(String(size)).digest()
}

function poem(n: number): string {
  return `${n} green bottles hanging on the wall,\n`.repeat(n)
}
