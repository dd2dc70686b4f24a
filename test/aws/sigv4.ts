// Checks a request's Signature Version 4 the way AWS does: recomputed from what arrived, so a
// header that was signed elsewhere and forwarded (the proof of identity) is covered.
// "Create a signed AWS API request", IAM User Guide.

import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Key } from './keys.ts'

export interface SignedRequest {
  method: string
  /** Path and query, as on the request line. */
  url: string
  headers: Record<string, string | undefined>
  body: Buffer
}

export interface Scope {
  keyId: string
  date: string
  region: string
  service: string
}

export type Refusal =
  | { why: 'missing' }
  | { why: 'incomplete'; message: string }
  | { why: 'unknown-key' }
  | { why: 'wrong-signature' }
  | { why: 'out-of-time'; signedAt: string }
  | { why: 'token-expired' }

export type Verdict = { key: Key; scope: Scope } | Refusal

/** How far the signing time may be off (RequestExpired, "Error codes for the Amazon EC2 API"). */
const tolerance = 15 * 60_000

export function verify(
  request: SignedRequest,
  find: (keyId: string) => Key | undefined,
  now: number,
): Verdict {
  const authorization = request.headers.authorization
  if (!authorization) return { why: 'missing' }
  const parsed = parse(authorization)
  if (!parsed) return incomplete('Authorization header is not an AWS4-HMAC-SHA256 one.')
  const { scope, signed, signature } = parsed

  const unsigned = mustBeSigned(request.headers).find((name) => !signed.includes(name))
  if (unsigned) return incomplete(`'${unsigned}' must be a SignedHeader.`)
  const absent = signed.find((name) => request.headers[name] === undefined)
  if (absent) return { why: 'wrong-signature' }

  const time = request.headers['x-amz-date'] ?? ''
  const signedAt = Date.parse(
    time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'),
  )
  if (Number.isNaN(signedAt)) return incomplete('Date must be in ISO-8601 basic format.')
  if (!time.startsWith(scope.date)) return incomplete('Credential date and x-amz-date differ.')

  const key = find(scope.keyId)
  if (!key || request.headers['x-amz-security-token'] !== key.sessionToken) {
    return { why: 'unknown-key' }
  }
  if (!same(sign(request, scope, signed, key.secretAccessKey), signature)) {
    return { why: 'wrong-signature' }
  }
  if (Math.abs(now - signedAt) > tolerance) return { why: 'out-of-time', signedAt: time }
  if (key.expiresAt !== undefined && key.expiresAt <= now) return { why: 'token-expired' }
  return { key, scope }
}

function parse(authorization: string) {
  const match =
    /^AWS4-HMAC-SHA256 +Credential=([^,\s]+), *SignedHeaders=([^,\s]+), *Signature=([0-9a-f]{64})$/
  const [, credential = '', headers = '', signature = ''] = match.exec(authorization) ?? []
  const [keyId, date, region, service, end, ...more] = credential.split('/')
  if (!keyId || !date || !region || !service || end !== 'aws4_request' || more.length > 0) {
    return undefined
  }
  return { scope: { keyId, date, region, service }, signed: headers.split(';'), signature }
}

/** The host, and every x-amz-* header that came ("Create a signed AWS API request"). */
function mustBeSigned(headers: SignedRequest['headers']): string[] {
  return ['host', ...Object.keys(headers).filter((name) => name.startsWith('x-amz-'))]
}

function sign(
  request: SignedRequest,
  scope: Scope,
  signed: readonly string[],
  secret: string,
): string {
  const [path = '/', query = ''] = request.url.split('?')
  const canonical = [
    request.method,
    path,
    [...new URLSearchParams(query)]
      .map(([name, value]) => `${encode(name)}=${encode(value)}`)
      .sort()
      .join('&'),
    ...signed.map((name) => `${name}:${trimmed(request.headers[name] ?? '')}`),
    '',
    signed.join(';'),
    createHash('sha256').update(request.body).digest('hex'),
  ].join('\n')
  const { date, region, service } = scope
  const text = [
    'AWS4-HMAC-SHA256',
    request.headers['x-amz-date'] ?? '',
    `${date}/${region}/${service}/aws4_request`,
    createHash('sha256').update(canonical).digest('hex'),
  ].join('\n')
  const key = [date, region, service, 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${secret}`)
  return hmac(key, text).toString('hex')
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

function trimmed(value: string): string {
  return value.trim().replace(/ +/g, ' ')
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function same(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}

function incomplete(message: string): Refusal {
  return { why: 'incomplete', message }
}
