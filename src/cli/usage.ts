/** Wrong usage in our words: what oclif's parser refused, and what was probably meant. */
import { TmError } from '../core/errors.ts'
import { closest } from './closest.ts'

/** The parts of oclif's parse errors that are used here. */
export interface UsageProblem {
  message: string
  /** Flags that do not exist, as they were written. */
  flags?: string[]
  /** Missing arguments with what they are, or superfluous ones. */
  args?: ({ name: string; description?: string } | string)[]
  parse?: {
    input?: {
      flags?: Record<string, { description?: string; hidden?: boolean; aliases?: string[] }>
    }
  }
}

const seeHelp = 'See what it takes: add --help'

export function usageError(problem: UsageProblem): TmError {
  const known = problem.parse?.input?.flags ?? {}
  if (problem.flags) return unknownFlags(problem.flags, known)
  const required = [...problem.message.matchAll(/Missing required flag (\S+)/g)]
  const missing = [
    ...(problem.args ?? []).flatMap((arg) =>
      typeof arg === 'string' ? [] : [`${arg.name.toUpperCase()} is missing: ${arg.description}`],
    ),
    ...required.map(([, name = '']) => `--${name} is missing: ${known[name]?.description}`),
  ]
  const message = missing.length > 0 ? missing.join('\n') : firstPart(problem.message)
  return new TmError('invalid', message, { suggestions: [seeHelp] })
}

function unknownFlags(given: string[], known: NonNullable<Known>): TmError {
  const names = Object.entries(known)
    .filter(([, { hidden }]) => !hidden)
    .flatMap(([name, { aliases = [] }]) => [name, ...aliases])
    .map((name) => `--${name}`)
  const meant = given
    .filter((flag) => flag.startsWith('--'))
    .flatMap((flag) => closest(flag, names) ?? [])
  const suggestions = [...meant.map((name) => `Did you mean ${name}?`), seeHelp]
  const one = given.length === 1
  const message = `There ${one ? 'is no flag' : 'are no flags'} ${given.join(', ')}`
  return new TmError('invalid', message, { suggestions })
}

/** Refuses flags on the command line that another provider has; the environment may name them. */
export function onlyFor(
  what: string,
  names: string[],
  raw: { type: string; flag?: string }[],
  fix: string,
): void {
  const given = raw.flatMap(({ type, flag = '' }) =>
    type === 'flag' && names.includes(flag) ? [`--${flag}`] : [],
  )
  if (given.length === 0) return
  const flags = [...new Set(given)].join(', ')
  throw new TmError('invalid', `Only for ${what}: ${flags}`, {
    suggestions: [`${fix}, or ${flags}`, seeHelp],
  })
}

type Known = NonNullable<NonNullable<UsageProblem['parse']>['input']>['flags']

function firstPart(message: string): string {
  return message.replace(/\nSee more help with --help$/, '')
}
