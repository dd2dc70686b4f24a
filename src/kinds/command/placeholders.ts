/**
 * Placeholders: what a command, and the names of its outputs, may have filled in for each task. A
 * value reaches a command as an environment variable, never as text of the command.
 */
import { TmError } from '../../core/errors.ts'

/** What the client fills in for every task, and in words. */
export const placeholders = {
  in: 'the input file, as the command sees it',
  out: 'the first output',
  name: 'the name of the input, without its folder',
  stem: 'the name without its last extension',
  ext: 'the last extension, without its dot',
  dir: 'the folder of the input, as it was given',
  path: 'the path of the input, as it was given',
  line: 'the line of --each-line',
  n: 'the number of the task, from 1; with --array its number there',
  job: 'the number of the job',
  cpus: 'the number of --cpus',
  memory: 'the bytes of --memory',
  task: 'the id of the task',
  attempt: 'the number of the attempt, from 1',
} as const

export type Placeholder = keyof typeof placeholders

/** What GNU Parallel calls them. */
const aliases: Record<string, Placeholder> = {
  '': 'in',
  '/': 'name',
  '//': 'dir',
  '.': 'stem',
  '/.': 'stem',
  '#': 'n',
}

/** Of a name that a user gives to a value. */
export const keyPattern = /^[A-Za-z][A-Za-z0-9_]*$/

function isPlaceholder(name: string): name is Placeholder {
  return Object.hasOwn(placeholders, name)
}

/** The name of the placeholder in braces; undefined if the braces hold anything but a name. */
export function nameIn(braces: string): string | undefined {
  return aliases[braces] ?? (/^\w+$/.test(braces) ? braces : undefined)
}

/** The environment variable that holds the value: `TM_IN`, and `TM_lr` for a key of the user's. */
export function variableOf(name: string): string {
  return `TM_${isPlaceholder(name) ? name.toUpperCase() : name}`
}

/** Throws `invalid` for a name that no task has a value for. */
export function requireKnown(name: string, known: ReadonlySet<string>): void {
  if (known.has(name)) return
  const why = isPlaceholder(name)
    ? `{${name}} has no value here: it is ${placeholders[name]}`
    : `Unknown placeholder {${name}}`
  throw new TmError('invalid', why, {
    suggestions: [
      `Placeholders of this command: ${[...known].map((one) => `{${one}}`).join(' ')}`,
      'To have braces as they are, double them: {{ and }}',
    ],
  })
}

/** Text with values between. */
export type Template = (string | { value: string })[]

/** Reads a text with placeholders: an argument, or the name of an output. Throws `invalid`. */
export function parseTemplate(text: string, known: ReadonlySet<string>): Template {
  const template: Template = []
  let plain = ''
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at] as string
    if ((letter === '{' || letter === '}') && text[at + 1] === letter) {
      plain += letter
      at += 1
      continue
    }
    const end = letter === '{' ? text.indexOf('}', at) : -1
    const name = end === -1 ? undefined : nameIn(text.slice(at + 1, end))
    if (name === undefined) {
      plain += letter
      continue
    }
    requireKnown(name, known)
    if (plain !== '') template.push(plain)
    plain = ''
    template.push({ value: name })
    at = end
  }
  return plain === '' ? template : [...template, plain]
}

/** Throws `invalid` if a value is missing. */
export function fill(template: Template, values: Readonly<Record<string, string>>): string {
  return template
    .map((part) => {
      if (typeof part === 'string') return part
      const value = values[part.value]
      if (value === undefined) throw new TmError('invalid', `{${part.value}} has no value`)
      return value
    })
    .join('')
}

export function namesIn(template: Template): string[] {
  return template.flatMap((part) => (typeof part === 'string' ? [] : [part.value]))
}
