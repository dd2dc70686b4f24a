/** Reads request bodies without ever holding more of them than allowed. */
import type { Context } from 'hono'
import { formatBytes } from '../../core/bytes.ts'
import { TmError } from '../../core/errors.ts'
import { concat } from '../../core/frames.ts'

/** The raw body. `too_large` before anything is read where the length is announced, else midway. */
export async function readBody(c: Context, max: number): Promise<Uint8Array<ArrayBuffer>> {
  const announced = c.req.header('content-length')
  if (announced !== undefined) {
    if (Number(announced) > max) throw tooLarge(max)
    return new Uint8Array(await c.req.arrayBuffer())
  }
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of c.req.raw.body ?? []) {
    size += piece.length
    if (size > max) throw tooLarge(max)
    pieces.push(piece)
  }
  return concat(pieces)
}

function tooLarge(max: number): TmError {
  return new TmError('too_large', `The body is over the limit of ${formatBytes(max)}`, {
    suggestions: ['Split it, or raise the limit: tm up --max-body SIZE'],
  })
}
