/** The error type and its closed set of codes. */
import { describe, expect, it } from 'vitest'
import { errorCodes, isErrorCode, messageOf, TmError } from '../../src/core/errors.ts'
import { suggest, tm } from '../../src/core/suggestions.ts'

it('has the statuses and exit codes of the contract', () => {
  const statuses = Object.entries(errorCodes).map(([code, { status }]) => [code, status])
  expect(Object.fromEntries(statuses)).toMatchObject({
    invalid: 400,
    unauthorized: 401,
    forbidden: 403,
    not_found: 404,
    conflict: 409,
    too_large: 413,
    internal: 500,
    unavailable: 503,
    storage_full: 507,
  })
  for (const [code, { exit }] of Object.entries(errorCodes)) {
    expect(exit, code).toBe(code === 'invalid' ? 2 : 1)
  }
})

describe('TmError', () => {
  it('is an error with a code, suggestions and a cause', () => {
    const cause = new Error('EACCES')
    const error = new TmError('failed', 'It did not start', { suggestions: ['Try'], cause })
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({ name: 'TmError', code: 'failed', suggestions: ['Try'], cause })
  })

  it('keeps its cause to itself', () => {
    const error = new TmError('failed', 'It did not start', { cause: new Error('/home/me') })
    expect(JSON.stringify(error)).toBe('{"code":"failed","message":"It did not start"}')
    const helpful = new TmError('invalid', 'No', { suggestions: ['a', 'b'] })
    const shape = { code: 'invalid', message: 'No', suggestions: ['a', 'b'] }
    expect(helpful.toJSON()).toEqual(shape)
  })

  it('is rendered for the cluster of whoever reads it', () => {
    const error = new TmError('conflict', 'No', { suggestions: [suggest`Try ${tm('up')}`, 'b'] })
    const suggestions = ['Try tm up --cluster x', 'b']
    expect(error.render({ cluster: 'x' })).toEqual({ code: 'conflict', message: 'No', suggestions })
    expect(error.toJSON().suggestions).toEqual(['Try tm up', 'b'])
  })

  it('has no cause where none was given', () => {
    expect('cause' in new TmError('failed', 'x')).toBe(false)
    expect('cause' in new TmError('failed', 'x', { cause: null })).toBe(true)
  })
})

it.each([
  ['invalid', true],
  ['unreachable', true],
  ['toString', false],
  ['__proto__', false],
  ['ERR_SQLITE_ERROR', false],
  [undefined, false],
  [404, false],
])('%o is a code: %o', (value, expected) => {
  expect(isErrorCode(value)).toBe(expected)
})

it.each([
  [new Error('no'), 'no'],
  [new TmError('failed', 'not'), 'not'],
  ['text', 'text'],
  [undefined, 'undefined'],
])('the message of %o is %o', (thrown, message) => {
  expect(messageOf(thrown)).toBe(message)
})
