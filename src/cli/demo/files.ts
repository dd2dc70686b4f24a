/** The files of the demo, always the same: text and binary, 0 bytes to 5 MiB. */
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Work } from '../../core/task.ts'
import { iterated } from '../../kinds/sha512/sha512.ts'

export interface DemoBatch {
  work: Work
  files: string[]
  /** Send everything to the first node, so that it falls behind and needs a loan. */
  oneNode?: boolean
}

const MiB = 1024 ** 2
const sizes = [0, 1, 63, 64, 111, 112, 127, 128, 129, 1000, 4096, 65_536, 65_537, MiB, 5 * MiB]

/** Hard tasks that make one node borrow a worker place, then odd sizes, then many small files. */
export function makeFiles(folder: string): DemoBatch[] {
  return [
    {
      work: iterated(100_000),
      files: many(40, (n) => make(folder, `hard-${n}`, binary(100 + n))),
      oneNode: true,
    },
    { work: iterated(1), files: sizes.map((size) => make(folder, `binary-${size}`, binary(size))) },
    { work: iterated(1000), files: many(145, (n) => make(folder, `text-${n}.txt`, poem(n))) },
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

/** Bytes without a pattern: SHAKE256 of the size. */
function binary(size: number): Uint8Array {
  if (size === 0) return new Uint8Array()
  return createHash('shake256', { outputLength: size }).update(String(size)).digest()
}

function poem(n: number): string {
  return `${n} green bottles hanging on the wall,\n`.repeat(n)
}
