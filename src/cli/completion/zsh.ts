/** Completion for zsh. Pure. */
import { type CompletedCommand, type CompletedFlag, firstWords, topicsOf } from './commands.ts'

export function zshCompletion(bin: string, commands: CompletedCommand[]): string {
  const short = commands.filter(({ words }) => words.length === 1)
  const topics = [...topicsOf(commands)].map(
    ([topic, some]) => `    ${topic})
      if (( CURRENT == 2 )); then
${describe(some.map(({ words, summary }) => ({ word: words[1] as string, summary })))}
      else
        shift words; (( CURRENT-- ))
        case "$words[1]" in
${some.map((one) => caseOf(one)).join('\n')}
        esac
      fi ;;`,
  )
  return `#compdef ${bin}
# Completion of ${bin} for zsh. In ~/.zshrc, after compinit: source <(${bin} completion zsh)
_${bin}() {
  local -a found
  if (( CURRENT == 2 )); then
${describe(firstWords(commands))}
    return
  fi
  shift words; (( CURRENT-- ))
  case "$words[1]" in
${[...topics, ...short.map((one) => caseOf(one))].join('\n')}
  esac
}
compdef _${bin} ${bin}
`
}

function describe(words: { word: string; summary: string }[]): string {
  const rows = words.map(({ word, summary }) => quoted(`${word}:${summary.replaceAll(':', '\\:')}`))
  return `    found=(\n      ${rows.join('\n      ')}\n    )\n    _describe command found`
}

function caseOf({ words, flags, choices, takesFiles }: CompletedCommand): string {
  const rest = takesFiles ? "'*:file:_files'" : `'*:word:(${choices.join(' ')})'`
  const specs = [...flags.map(specOf), rest].join(' \\\n        ')
  return `    ${words.at(-1)})\n      _arguments -S \\\n        ${specs} ;;`
}

function specOf({ name, char, description, value }: CompletedFlag): string {
  const help = `[${description.replace(/[[\]:\\]/g, (found) => `\\${found}`)}]`
  const action = { none: '', file: ':file:_files', text: ':value: ' }[value]
  const equals = value === 'none' ? '' : '='
  const long = quoted(`*--${name}${equals}${help}${action}`)
  if (!char) return long
  return `${long} ${quoted(`*-${char}${help}${action}`)}`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
