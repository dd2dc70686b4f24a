/** The variables that `--env` and `--env-file` set for a command. */
import { readFileSync } from 'node:fs'
import { messageOf, TmError } from '../../core/errors.ts'

export type Variables = Readonly<Record<string, string | undefined>>

/** Linux takes no longer `NAME=VALUE` (MAX_ARG_STRLEN), the NUL at its end included. */
const maxBytes = 128 * 1024 - 1

/** Later ones win, and `--env` wins over files. Throws `invalid`, or `failed` for a file. */
export function readVariables(options: {
  /** `NAME=VALUE`, or `NAME` for its value in `here`. */
  given: string[]
  files: string[]
  here: Variables
}): Record<string, string> {
  const { given, files, here } = options
  const pairs = [...files.flatMap(readFile), ...given.map((text) => readGiven(text, here))]
  for (const [name, value] of pairs) refuseUnfit(name, value)
  return Object.fromEntries(pairs)
}

function readGiven(text: string, here: Variables): [string, string] {
  const pair = pairIn(text)
  if (pair) return pair
  const value = here[text]
  if (!/^[A-Za-z_]\w*$/.test(text)) {
    throw new TmError('invalid', `--env must be NAME=VALUE or NAME, not "${text.slice(0, 60)}"`)
  }
  if (value === undefined) throw new TmError('invalid', `--env ${text}: it is not set here`)
  return [text, value]
}

function readFile(file: string): [string, string][] {
  return readLines(file).flatMap((line, at) => {
    const text = line.trim()
    if (text === '' || text.startsWith('#')) return []
    const pair = pairIn(text.replace(/^export\s+/, ''))
    if (!pair) {
      throw new TmError('invalid', `${file}, line ${at + 1} is not NAME=VALUE`, {
        suggestions: ['A comment begins with #'],
      })
    }
    return [[pair[0], withoutQuotes(pair[1])]]
  })
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8')
      .replace(/^\uFEFF/, '')
      .split('\n')
  } catch (error) {
    throw new TmError('failed', `${file}: ${messageOf(error)}`, { cause: error })
  }
}

function pairIn(text: string): [string, string] | undefined {
  const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(text) ?? []
  return name === undefined || value === undefined ? undefined : [name, value]
}

/** Around a whole value they are those of a shell; nothing inside of them is read. */
function withoutQuotes(value: string): string {
  return /^(["'])(.*)\1$/.exec(value)?.[2] ?? value
}

function refuseUnfit(name: string, value: string): void {
  if (value.includes('\0')) {
    throw new TmError('invalid', `The value of ${name} has a NUL, which no variable can hold`)
  }
  if (Buffer.byteLength(`${name}=${value}`) <= maxBytes) return
  throw new TmError('invalid', `The value of ${name} is longer than a variable may be, 128 KiB`, {
    suggestions: ['Give it to the command as a file'],
  })
}
