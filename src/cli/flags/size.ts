import { parseBytes } from '../../core/bytes.ts'
import { TmError } from '../../core/errors.ts'

/** Bytes. Throws `invalid`. */
export function readSize(name: string, text: string): number {
  const bytes = parseBytes(text)
  if (bytes !== undefined) return bytes
  throw new TmError('invalid', `${name} must be a size such as 64MiB or 1GiB, not "${text}"`)
}
