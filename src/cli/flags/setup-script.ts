/** Reads the script of `--setup`. */
import { readFileSync } from 'node:fs'
import { messageOf, TmError } from '../../core/errors.ts'
import { maxScriptCharacters } from '../../core/setup.ts'
import { number } from '../../core/text.ts'

/** Throws `invalid` for what is no text, empty, or too long. */
export function readSetupScript(file: string): string {
  const script = read(file)
  const problem = problemOf(script)
  if (problem === undefined) return script
  throw new TmError('invalid', `--setup ${file}: ${problem}`)
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new TmError('invalid', `--setup can't read its file: ${messageOf(error)}`)
  }
}

function problemOf(script: string): string | undefined {
  if (script.trim() === '') return 'it is empty'
  if (script.includes('\0')) return 'it is no script: it has bytes that no text has'
  if (script.length <= maxScriptCharacters) return undefined
  return `it is longer than ${number(maxScriptCharacters)} characters: let it fetch what it needs`
}
