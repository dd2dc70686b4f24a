/** Parses whole numbers in query parameters, flags and settings. */
import { TmError } from './errors.ts'

export interface Range {
  min: number
  max: number
}

/** The number in `text`, which must be plain digits; undefined if it is not whole or not in range. */
export function parseInteger(text: string, { min, max }: Range): number | undefined {
  if (!/^-?\d{1,16}$/.test(text)) return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) && value >= min && value <= max ? value : undefined
}

export function describeRange({ min, max }: Range): string {
  return `a whole number from ${min} to ${max}`
}

/** Like {@link parseInteger}, but throws an error that names the parameter and the allowed range. */
export function requireInteger(name: string, text: string | undefined, range: Range): number {
  const value = text === undefined ? undefined : parseInteger(text, range)
  if (value !== undefined) return value
  const given = text === undefined ? 'but it is missing' : `not "${text.slice(0, 40)}"`
  throw new TmError('invalid', `${name} must be ${describeRange(range)}, ${given}`)
}
