/** `commands.md`, from oclif's manifest: what `--help` says, on one page. */
import { block, code, notice, page, sentence, table } from './markdown.ts'

interface Flag {
  name: string
  type: 'boolean' | 'option'
  description: string
  char?: string
  aliases?: string[]
  env?: string
  default?: unknown
  required?: boolean
  allowNo?: boolean
  multiple?: boolean
  helpGroup?: string
}

type Example = string | { description: string; command: string }

interface Command {
  id: string
  summary: string
  description: string
  strict: boolean
  args: Record<string, { name: string; description: string; required?: boolean }>
  flags: Record<string, Flag>
  examples: Example[]
}

export interface Manifest {
  version: string
  commands: Record<string, Command>
}

const intro = `Data goes to stdout, progress and messages to stderr. Exit codes: 0 done, 1 failed or unhealthy, 2 wrong \
usage. These flags belong to every command (\`--json\` not to \`tm node serve\` and \`tm worker run\`), and so does \
\`--help\`. \`tm completion\` prints completion for bash, zsh and fish.`

export function commandsPage({ commands }: Manifest): string {
  const all = Object.values(commands)
  const shared = all[0] ? flagsOf(all[0], 'GLOBAL') : []
  const contents = all.map((command) => {
    const name = nameOf(command)
    return [`[${code(name)}](#${name.replaceAll(' ', '-')})`, command.summary]
  })
  return page(
    ['# Commands'],
    [notice],
    table(['command', 'does'], contents),
    [intro],
    flagTable(shared),
    ...all.flatMap(sections),
  )
}

function sections(command: Command): string[][] {
  const settings = flagsOf(command, 'SETTING').map(({ name }) => code(`--${name}`))
  const onEc2 = flagsOf(command, 'EC2')
  return [
    [`## ${nameOf(command)}`],
    [command.summary],
    block([usage(command)]),
    [command.description],
    table(
      ['argument', 'meaning'],
      Object.values(command.args).map(({ name, description }) => [
        code(name.toUpperCase()),
        description,
      ]),
    ),
    flagTable(flagsOf(command, undefined)),
    ...(onEc2.length > 0 ? [['For clusters on EC2:'], flagTable(onEc2)] : []),
    settings.length > 0 ? [`[Settings](settings.md): ${settings.join(', ')}.`] : [],
    block(command.examples.flatMap(example), 'sh'),
  ]
}

const nameOf = ({ id }: Command) => `tm ${id.replaceAll(':', ' ')}`

const flagsOf = ({ flags }: Command, group: string | undefined) =>
  Object.values(flags).filter(({ helpGroup }) => helpGroup === group)

function usage(command: Command): string {
  const args = Object.values(command.args).map(({ name, required }) => {
    const word = `${name.toUpperCase()}${command.strict ? '' : '...'}`
    return required ? word : `[${word}]`
  })
  const needed = Object.values(command.flags).filter(({ required }) => required)
  return [nameOf(command), ...args, ...needed.map(spell), '[flags]'].join(' ')
}

const spell = ({ name, type }: Flag) => `--${name}${type === 'option' ? '=VALUE' : ''}`

/** Where a default is not oclif's to apply, the description ends with it. */
const writtenDefault = / \[default: (.*)\]$/

function flagTable(flags: Flag[]): string[] {
  if (flags.length === 0) return []
  const rows = flags.map((flag) => {
    const { name, char, aliases = [], description, env, allowNo, multiple, required } = flag
    const names = [
      ...(char ? [`-${char}`] : []),
      spell(flag),
      ...(allowNo ? [`--no-${name}`] : []),
      ...aliases.map((alias) => `--${alias}`),
    ]
    const fallback = flag.default ?? writtenDefault.exec(description)?.[1]
    const notes = [...(required ? ['required'] : []), ...(multiple ? ['can be given again'] : [])]
    const said = description.replace(writtenDefault, '').replace('; can be given again', '')
    return [
      names.map(code).join(', '),
      env ? code(env) : '',
      fallback === undefined ? '' : String(fallback),
      [said, ...notes].join('; '),
    ]
  })
  return table(['flag', 'environment', 'default', 'meaning'], rows)
}

function example(one: Example): string[] {
  const { command, description } = typeof one === 'string' ? { command: one, description: '' } : one
  const line = command.replaceAll('<%= config.bin %>', 'tm')
  return description ? [`# ${sentence(description).slice(0, -1)}`, line] : [line]
}
