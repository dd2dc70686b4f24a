/** Turns oclif's parse errors into our own, with the flag that the user probably meant. */
import { didYouMean } from '../../core/did-you-mean.ts'
import { TmError } from '../../core/errors.ts'

/** The parts of oclif's parse errors that we use. */
export interface UsageProblem {
  message: string
  /** Unknown flags, as the user wrote them. */
  flags?: string[]
  /** Missing arguments with their descriptions, or unexpected arguments. */
  args?: ({ name: string; description?: string } | string)[]
  parse?: {
    input?: {
      flags?: Record<string, { description?: string; hidden?: boolean; aliases?: string[] }>
    }
  }
}

const seeHelp = 'See the usage: add --help'

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
    .flatMap((flag) => didYouMean(flag, names) ?? [])
  const suggestions = [...meant.map((name) => `Did you mean ${name}?`), seeHelp]
  const one = given.length === 1
  const message = `There ${one ? 'is no flag' : 'are no flags'} ${given.join(', ')}`
  return new TmError('invalid', message, { suggestions })
}

/** oclif reads `--wait=no` as `--wait` and a word. */
export function refuseValues(argv: string[], flags: Record<string, { type: string }>): void {
  const end = argv.indexOf('--')
  for (const word of end === -1 ? argv : argv.slice(0, end)) {
    const [, name = '', value] = /^--([\w-]+)=(.*)$/s.exec(word) ?? []
    if (name !== 'json' && flags[name]?.type !== 'boolean') continue
    throw new TmError('invalid', `--${name} takes no value, not "${value}"`, {
      suggestions: [`Write --${name}, or leave it out`, seeHelp],
    })
  }
}

/** Refuses flags of another provider on the command line. The environment may still set them. */
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
