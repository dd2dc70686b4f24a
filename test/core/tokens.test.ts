/** A token speaks for one role and one subject, under one secret; everything else is refused. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createVerifier, type Principal, roles, signToken } from '../../src/core/tokens.ts'

/** Asks twice: the second answer, from what was kept, has to be the first. */
function verifyToken(key: Uint8Array, text: string): Principal | undefined {
  const verify = createVerifier(key)
  const first = verify(text)
  expect(verify(text)).toEqual(first)
  return first
}

const secret = Buffer.alloc(32, 7)
const worker: Principal = { role: 'worker', subject: 'w-1' }
const token = signToken(secret, worker)
const principals = fc.record({
  role: fc.constantFrom(...roles),
  subject: fc.stringMatching(/^[A-Za-z0-9-]{1,40}$/),
})

it('verifies what it signed', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 64 }), principals, (key, principal) => {
      expect(verifyToken(key, signToken(key, principal))).toEqual(principal)
    }),
  )
})

it('is the same token every time, so that nothing needs to be stored', () => {
  expect(signToken(secret, worker)).toBe(token)
  expect(token).toMatch(/^tm_worker_w-1_[A-Za-z0-9_-]{43}$/)
})

it('refuses the token of another secret', () => {
  expect(verifyToken(Buffer.alloc(32, 8), token)).toBeUndefined()
  expect(verifyToken(Buffer.alloc(31, 7), token)).toBeUndefined()
})

it('refuses a mac that was made for another role or subject', () => {
  const mac = token.slice(-43)
  for (const forged of [`tm_admin_w-1_${mac}`, `tm_node_w-1_${mac}`, `tm_worker_w-2_${mac}`]) {
    expect(verifyToken(secret, forged)).toBeUndefined()
  }
})

it('does not confuse where the role ends and the subject begins', () => {
  const a = signToken(secret, { role: 'node', subject: 'a-b' }).slice(-43)
  const b = signToken(secret, { role: 'node', subject: 'ab' }).slice(-43)
  expect(a).not.toBe(b)
})

it('refuses every token that differs from the signed one in any character', () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  for (let at = 0; at < token.length; at++) {
    for (const letter of alphabet) {
      if (letter === token[at]) continue
      const changed = token.slice(0, at) + letter + token.slice(at + 1)
      expect(verifyToken(secret, changed), changed).toBeUndefined()
    }
  }
})

it('refuses as before what it has once seen the right token of', () => {
  const verify = createVerifier(secret)
  const other = signToken(Buffer.alloc(32, 8), worker)
  expect(verify(other)).toBeUndefined()
  expect(verify(token)).toEqual(worker)
  expect(verify(other)).toBeUndefined()
  expect(verify(token.replace('worker', 'admin'))).toBeUndefined()
  expect(verify(token)).toEqual(worker)
})

describe('refuses what is no token', () => {
  const cut = Array.from({ length: token.length }, (_, end) => token.slice(0, end))
  it('a truncated one', () => {
    for (const text of cut) expect(verifyToken(secret, text)).toBeUndefined()
  })

  it.each([
    [''],
    [`${token}A`],
    [`${token}\n`],
    [` ${token}`],
    [`Bearer ${token}`],
    [token.toUpperCase()],
    [token.replace('tm_', '')],
    [token.replace('worker', 'root')],
    [`tm_worker__${token.slice(-43)}`],
    [`tm_worker_${'x'.repeat(129)}_${token.slice(-43)}`],
    [`tm_worker_w/1_${token.slice(-43)}`],
  ])('%o', (text) => {
    expect(verifyToken(secret, text)).toBeUndefined()
  })

  it('any text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(verifyToken(secret, text)).toBeUndefined()
      }),
    )
  })
})

it('refuses a wrong mac of a principal whose right one it has seen', () => {
  const verify = createVerifier(secret)
  const other = signToken(secret, { role: 'worker', subject: 'w-2' })
  expect(verify(token)).toEqual(worker)
  expect(verify(`${token.slice(0, -43)}${other.slice(-43)}`)).toBeUndefined()
  expect(verify(token)).toEqual(worker)
})
