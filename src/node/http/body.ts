/** Reads request bodies, and never holds more bytes than the limit. */
import type { Context, MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { concat } from '../../api/frames.ts'
import { formatBytes } from '../../core/bytes.ts'
import { TmError } from '../../core/errors.ts'
import { suggest, tm } from '../../core/suggestions.ts'

type Pieces = AsyncIterable<Uint8Array<ArrayBuffer>>

/**
 * The raw body, from its pieces if the caller has a say in how they come. Throws `too_large`: before
 * reading if the length is announced, otherwise midway.
 */
export async function readBody(
  c: Context,
  max: number,
  pieces: Pieces | null = c.req.raw.body,
): Promise<Uint8Array<ArrayBuffer>> {
  if (pieces === null) return new Uint8Array()
  const announced = c.req.header('content-length')
  if (announced === undefined) return await gather(pieces, max)
  if (Number(announced) > max) throw tooLarge(max)
  return await fill(pieces, Number(announced))
}

/**
 * Limits bodies that are parsed as a whole. Counts the bytes of a body that does not announce its
 * length; no client of tm sends such a body.
 */
export function limitBody(max: number): MiddlewareHandler {
  const refuse = () => {
    throw new TmError('too_large', `The body is over the limit of ${formatBytes(max)}`)
  }
  const counting = bodyLimit({ maxSize: max, onError: refuse })
  return async (c, next) => {
    const size = c.req.header('transfer-encoding') ? undefined : c.req.header('content-length')
    if (size === undefined) return await counting(c, next)
    if (Number(size) > max) refuse()
    await next()
  }
}

/** A JSON body whose fields are all optional is not optional itself. */
export const requireBody: MiddlewareHandler = async (c, next) => {
  if (!c.req.header('content-type')) throw notJson()
  await next()
}

export function notJson(): TmError {
  return new TmError('invalid', 'The body must be JSON, with content-type: application/json')
}

/**
 * A form wraps its file in an envelope, which would become a part of the task. Other content types are
 * taken as bytes: `curl --data-binary` calls every file `application/x-www-form-urlencoded`.
 */
export const refuseForm: MiddlewareHandler = async (c, next) => {
  if (isForm(c.req.header('content-type'))) {
    const { origin, pathname, searchParams } = new URL(c.req.url)
    const url = `${origin}${pathname}?${searchParams}`
    const method = c.req.method === 'PUT' ? '' : `-X ${c.req.method} `
    throw new TmError('invalid', 'The body must be the bytes of the file, not a form (curl -F)', {
      suggestions: [
        suggest`curl ${method}-T FILE -H "Authorization: Bearer $(${tm('token')})" "${url}"`,
      ],
    })
  }
  await next()
}

export function isForm(contentType: string | undefined): boolean {
  return /^\s*multipart\//i.test(contentType ?? '')
}

async function gather(pieces: Pieces, max: number) {
  const held: Uint8Array[] = []
  let size = 0
  for await (const piece of pieces) {
    size += piece.length
    if (size > max) throw tooLarge(max)
    held.push(piece)
  }
  return concat(held)
}

/** Copies each piece into place as it arrives: joining a large body at the end would take long. */
async function fill(pieces: Pieces, size: number) {
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
    suggestions: [suggest`Split the task, or raise the limit: ${tm('up', { 'max-body': 'SIZE' })}`],
  })
}
