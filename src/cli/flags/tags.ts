/** Reads `--tag KEY=VALUE`. The limits are those of EC2 and IAM (Tag restrictions, EC2 User Guide). */
import { TmError } from '../../core/errors.ts'

const allowed = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u
const mostTags = 40

export function readTags(given: string[]): Record<string, string> {
  const tags = Object.fromEntries(given.map(readTag))
  if (Object.keys(tags).length <= mostTags) return tags
  throw new TmError('invalid', `--tag is given more than ${mostTags} times`)
}

function readTag(text: string): [key: string, value: string] {
  const at = text.indexOf('=')
  const key = text.slice(0, at)
  const value = text.slice(at + 1)
  if (at < 1) throw wrong(text, 'be KEY=VALUE, such as CostCenter=42')
  if (/^(aws|tm):/i.test(key)) throw wrong(text, 'not begin with aws: or tm:')
  if (key === 'Name') throw wrong(text, 'not be Name: tm names what it creates')
  if (key.length > 128 || value.length > 256) {
    throw wrong(text, 'have a key of at most 128 characters and a value of at most 256')
  }
  if (!allowed.test(text)) throw wrong(text, 'consist of letters, digits, spaces and _.:/=+-@')
  return [key, value]
}

function wrong(text: string, must: string): TmError {
  return new TmError('invalid', `--tag must ${must}, not "${text.slice(0, 100)}"`)
}
