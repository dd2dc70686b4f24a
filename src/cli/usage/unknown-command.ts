/** oclif's hook for an unknown command: suggests what the user probably meant; exit 2. */
import type { Hook, Interfaces } from '@oclif/core'
import { didYouMean } from '../../core/did-you-mean.ts'
import { errorCodes, TmError } from '../../core/errors.ts'
import { describeError } from '../ending/errors.ts'
import { forTerminal } from '../output/terminal.ts'

const notFound: Hook<'command_not_found'> = async function notFound({ id, argv = [], config }) {
  const error = unknownCommand(config.bin, readable(id), commandNames(config))
  // No command has parsed the flags.
  if (argv.includes('--json')) {
    process.stdout.write(`${JSON.stringify({ error }, undefined, 2)}\n`)
  } else {
    const text = `${describeError(error.render({}))}\n`
    process.stderr.write(process.stderr.isTTY ? forTerminal(text) : text)
  }
  this.exit(errorCodes[error.code].exit)
}

export default notFound

/** As people type them. */
export function commandNames({ commands }: Pick<Interfaces.Config, 'commands'>): string[] {
  return commands.filter(({ hidden }) => !hidden).map(({ id }) => readable(id))
}

function readable(id: string): string {
  return id.replaceAll(':', ' ')
}

/** `given` has every word up to the first flag: some may be arguments. */
export function unknownCommand(bin: string, given: string, commands: string[]): TmError {
  const fails = (message: string, ...suggestions: string[]) =>
    new TmError('invalid', message, { suggestions })
  if (given.startsWith('-')) {
    return fails(`Put the command before ${given}`, `See all commands: ${bin} --help`)
  }
  const taken = commands.find((command) => given.startsWith(`${command} `))
  if (taken !== undefined) {
    const rest = given.slice(taken.length + 1)
    return fails(`Unexpected argument: ${rest}`, `See its usage: ${bin} ${taken} --help`)
  }
  const [first = '', second] = given.split(' ')
  const meant =
    didYouMean(`${first} ${second ?? ''}`.trim(), commands) ?? didYouMean(first, commands)
  return fails(
    `There is no command ${given}`,
    ...(meant === undefined ? [] : [`Did you mean ${bin} ${meant}?`]),
    `See all commands: ${bin} --help`,
  )
}
