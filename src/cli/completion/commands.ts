/** The command line as completion needs it: commands, their flags, and what their arguments are. */
import type { Interfaces } from '@oclif/core'

export interface CompletedFlag {
  name: string
  char?: string
  description: string
  value: 'none' | 'file' | 'text'
}

export interface CompletedCommand {
  /** `['node', 'serve']` */
  words: string[]
  summary: string
  flags: CompletedFlag[]
  /** Fixed words that may follow. */
  choices: string[]
  takesFiles: boolean
}

export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/** The only words that name a file or a folder. */
const fileFlags = ['restore', 'to', 'token-file']
const fileCommands = ['enqueue']

export function completedCommands({ commands }: Pick<Interfaces.Config, 'commands'>) {
  const shown = commands.filter(({ hidden }) => !hidden)
  const names = shown.map(({ id }) => id.split(':')[0] as string)
  return shown.map(({ id, summary = '', flags }): CompletedCommand => {
    const choices = id === 'help' ? [...new Set(names)] : id === 'completion' ? [...shells] : []
    const given = Object.values(flags).filter(({ hidden }) => !hidden)
    return {
      words: id.split(':'),
      summary: summary.replace(/\.$/, ''),
      flags: [...given.map(completedFlag), helpFlag],
      choices,
      takesFiles: fileCommands.includes(id),
    }
  })
}

const helpFlag: CompletedFlag = { name: 'help', description: 'show the help', value: 'none' }

function completedFlag({
  name,
  char,
  type,
  summary,
  description = '',
}: {
  name: string
  char?: string | undefined
  type: 'boolean' | 'option'
  summary?: string | undefined
  description?: string | undefined
}): CompletedFlag {
  const value = fileFlags.includes(name) ? 'file' : 'text'
  return {
    name,
    ...(char ? { char } : {}),
    // Without the default, which makes it too long for a list.
    description: (summary ?? description).replace(/ \[default: .*\]$/, ''),
    value: type === 'boolean' ? 'none' : value,
  }
}

/** First words of commands that have two. */
export function topicsOf(commands: CompletedCommand[]): Map<string, CompletedCommand[]> {
  const long = commands.filter(({ words }) => words.length > 1)
  return Map.groupBy(long, ({ words }) => words[0] as string)
}

/** What can follow `tm`. */
export function firstWords(commands: CompletedCommand[]): { word: string; summary: string }[] {
  const short = commands.filter(({ words }) => words.length === 1)
  const single = short.map(({ words, summary }) => ({ word: words[0] as string, summary }))
  const topics = [...topicsOf(commands)].map(([word, [first]]) => ({
    word,
    summary: first?.summary ?? '',
  }))
  return [...single, ...topics]
}
