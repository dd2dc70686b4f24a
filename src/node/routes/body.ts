/** Reads request bodies without ever holding more of them than allowed. */
import type { Context, MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { formatBytes } from '../../core/bytes.ts'
import { TmError } from '../../core/errors.ts'
import { concat } from '../../core/frames.ts'

/** How many bytes the body has, or may have where that is not announced. Throws `too_large`. */
export function sizeOf(c: Context, max: number): number {
  const size = Number(c.req.header('content-length') ?? max)
  if (size > max) throw tooLarge(max)
  return size
}

/** The raw body. `too_large` before anything is read where the length is announced, else midway. */
export async function readBody(c: Context, max: number): Promise<Uint8Array<ArrayBuffer>> {
  const pieces = c.req.raw.body
  if (pieces === null) return new Uint8Array()
  const isAnnounced = c.req.header('content-length') !== undefined
  return isAnnounced ? await fill(pieces, sizeOf(c, max)) : await gather(pieces, max)
}

/**
 * For bodies that are parsed as a whole, which would be held as a whole too. One that does not say
 * how long it is, is counted while it comes; no client of ours sends such a one.
 */
export function limitBody(max: number): MiddlewareHandler {
  const refuse = () => {
    throw new TmError('too_large', `The body is over the limit of ${formatBytes(max)}`)
  }
  const counted = bodyLimit({ maxSize: max, onError: refuse })
  return async (c, next) => {
    const size = c.req.header('transfer-encoding') ? undefined : c.req.header('content-length')
    if (size === undefined) return await counted(c, next)
    if (Number(size) > max) refuse()
    await next()
  }
}

async function gather(pieces: AsyncIterable<Uint8Array>, max: number) {
  const held: Uint8Array[] = []
  let size = 0
  for await (const piece of pieces) {
    size += piece.length
    if (size > max) throw tooLarge(max)
    held.push(piece)
  }
  return concat(held)
}

/** Each piece at its place as it comes: putting a large body together at the end would take long. */
async function fill(pieces: AsyncIterable<Uint8Array>, size: number) {
  const body = new Uint8Array(size)
  let at = 0
  for await (const piece of pieces) {
    body.set(piece, at)
    at += piece.length
  }
  if (at === size) return body
  throw new TmError('invalid', `The body broke off after ${at} of ${size} bytes`)
}

function tooLarge(max: number): TmError {
  return new TmError('too_large', `The body is over the limit of ${formatBytes(max)}`, {
    suggestions: ['Split it, or raise the limit: tm up --max-body SIZE'],
  })
}
