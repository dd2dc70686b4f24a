/** Completion for fish. Pure. */
import { type CompletedCommand, firstWords, topicsOf } from './commands.ts'

export function fishCompletion(bin: string, commands: CompletedCommand[]): string {
  const lines = [
    `# Completion of ${bin} for fish: ${bin} completion fish > ~/.config/fish/completions/${bin}.fish`,
    ...firstWords(commands).map(({ word, summary }) =>
      complete(bin, '__fish_use_subcommand', `-f -a ${word} -d ${quoted(summary)}`),
    ),
    ...[...topicsOf(commands)].flatMap(([topic, some]) =>
      some.map(({ words, summary }) =>
        complete(
          bin,
          `__fish_seen_subcommand_from ${topic}`,
          `-f -a ${words[1]} -d ${quoted(summary)}`,
        ),
      ),
    ),
    ...commands.flatMap((command) => linesOf(bin, command)),
  ]
  return `${lines.join('\n')}\n`
}

function linesOf(bin: string, { words, flags, choices, takesFiles }: CompletedCommand): string[] {
  const here = words.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ')
  const argument = choices.length > 0 ? `-f -a ${quoted(choices.join(' '))}` : '-f'
  const values = { none: '', file: ' -r -F', text: ' -x' }
  return [
    ...(takesFiles ? [] : [complete(bin, here, argument)]),
    ...flags.map(({ name, char, description, value }) => {
      const short = char ? ` -s ${char}` : ''
      return complete(bin, here, `-l ${name}${short}${values[value]} -d ${quoted(description)}`)
    }),
  ]
}

function complete(bin: string, condition: string, rest: string): string {
  return `complete -c ${bin} -n ${quoted(condition)} ${rest}`
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, (found) => `\\${found}`)}'`
}
