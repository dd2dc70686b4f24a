/** oclif's hook for a command that does not exist: says so, and what was probably meant; exit 2. */
import type { Hook } from '@oclif/core'
import { errorCodes, TmError } from '../core/errors.ts'
import { describeError } from './base.ts'
import { closest } from './closest.ts'

const notFound: Hook<'command_not_found'> = async function notFound({ id, argv = [], config }) {
  const commands = config.commands.filter(({ hidden }) => !hidden).map((one) => readable(one.id))
  const error = unknownCommand(config.bin, readable(id), commands)
  // The flag can't be looked up in a command that does not exist.
  if (argv.includes('--json')) {
    process.stdout.write(`${JSON.stringify({ error: error.toJSON() }, undefined, 2)}\n`)
  } else process.stderr.write(`${describeError(error)}\n`)
  this.exit(errorCodes[error.code].exit)
}

export default notFound

function readable(id: string): string {
  return id.replaceAll(':', ' ')
}

/** `given` holds every word up to the first flag: some of them may be arguments. */
export function unknownCommand(bin: string, given: string, commands: string[]): TmError {
  const fails = (message: string, ...suggestions: string[]) =>
    new TmError('invalid', message, { suggestions })
  if (given.startsWith('-')) {
    return fails(`The command comes first, then ${given}`, `See all commands: ${bin} --help`)
  }
  const taken = commands.find((command) => given.startsWith(`${command} `))
  if (taken !== undefined) {
    const rest = given.slice(taken.length + 1)
    return fails(`Unexpected argument: ${rest}`, `See what it takes: ${bin} ${taken} --help`)
  }
  const [first = '', second] = given.split(' ')
  if (first === 'help') {
    return fails(
      `There is no command help`,
      `${[bin, ...given.split(' ').slice(1)].join(' ')} --help`,
    )
  }
  const meant = closest(`${first} ${second ?? ''}`.trim(), commands) ?? closest(first, commands)
  return fails(
    `There is no command ${given}`,
    ...(meant === undefined ? [] : [`Did you mean ${bin} ${meant}?`]),
    `See all commands: ${bin} --help`,
  )
}
