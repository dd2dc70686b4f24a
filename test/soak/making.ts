/** Tasks made by chance, and how they travel: the format is written down in `src/api/frames.ts`. */
import { hash } from 'node:crypto'
import type { SentTask } from './events.ts'
import type { Random } from './random.ts'

export interface MadeTask extends SentTask {
  body: Uint8Array<ArrayBuffer>
}

export const framesType = 'application/vnd.tm.frames'

/** Mostly small; sometimes so large that a node stores it in parts. */
const sizes = { none: 3, small: 85, page: 10, large: 1.5, parts: 0.1 }
/** Mostly milliseconds of work, sometimes a tenth of a second. */
const efforts = { one: 10, usual: 85, more: 4.9, most: 0.1 }

export function makeTask(random: Random, now: number): MadeTask {
  const size = {
    none: () => 0,
    small: () => random.magnitude(1, 2000),
    page: () => random.magnitude(2000, 32_000),
    large: () => random.magnitude(32_000, 400_000),
    parts: () => random.magnitude(1_000_000, 3_000_000),
  }[random.weighted(sizes)]()
  const iterations = {
    one: () => 1,
    usual: () => random.magnitude(1, 3000),
    more: () => random.magnitude(3000, 20_000),
    most: () => random.magnitude(100_000, 400_000),
  }[random.weighted(efforts)]()
  const body = random.bytes(size)
  return { id: newId(random, now), body, size, iterations, digest: hash('sha512', body) }
}

/** UUIDv7 (RFC 9562, 5.7): 48 bits of milliseconds, the rest by chance. */
function newId(random: Random, now: number): string {
  const hex = [...random.bytes(10)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  const time = now.toString(16).padStart(12, '0')
  const variant = '89ab'[Number.parseInt(hex[3] as string, 16) % 4]
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex.slice(0, 3)}-${variant}${hex.slice(4, 7)}-${hex.slice(7, 19)}`
}

/** What a history says of a task. */
export function withoutBody({ id, digest, size, iterations }: MadeTask): SentTask {
  return { id, digest, size, iterations }
}

/** Each frame: length of the header, length of the body, both u32 big-endian; header; body. */
export function frames(tasks: readonly MadeTask[]): Uint8Array<ArrayBuffer> {
  const pieces = tasks.flatMap(({ id, iterations, body }) => {
    const header = Buffer.from(JSON.stringify({ id, iterations }))
    const lengths = Buffer.alloc(8)
    lengths.writeUInt32BE(header.length, 0)
    lengths.writeUInt32BE(body.length, 4)
    return [lengths, header, body]
  })
  return new Uint8Array(Buffer.concat(pieces))
}

/** A node stores less than 1,000 tasks and 2 MiB of one request together, or nothing of it. */
export function isWhole(tasks: readonly MadeTask[]): boolean {
  return tasks.length < 1000 && tasks.reduce((sum, { size }) => sum + size, 0) < 2 * 1024 ** 2
}
