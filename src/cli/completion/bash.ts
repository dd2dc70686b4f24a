/** Completion for bash, also for the bash 3.2 of macOS. Pure. */
import { type CompletedCommand, firstWords, topicsOf } from './commands.ts'

/** Where there is nothing of ours to complete, bash completes names of files as it always does. */
export function bashCompletion(bin: string, commands: CompletedCommand[]): string {
  const words = (list: string[]) => `'${list.join(' ')}'`
  const topics = [...topicsOf(commands)].map(([topic, some]) => {
    return `    ${topic}) words=${words(some.map((one) => one.words.slice(1).join(' ')))} ;;`
  })
  const cases = commands.map((command) => {
    const name = command.words.join(' ')
    const flags = command.flags.map((flag) => `--${flag.name}`)
    const choices = command.choices.length > 0 ? ` words=${words(command.choices)}` : ''
    return `    '${name}' | '${name} '*) flags=${words(flags)}${choices} ;;`
  })
  return `# Completion of ${bin} for bash. In ~/.bashrc: source <(${bin} completion bash)
_${bin}() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" words='' flags='' before
  local IFS=$' \\t\\n'
  before="\${COMP_WORDS[*]:1:COMP_CWORD-1}"
  case "$before" in
    '') words=${words(firstWords(commands).map(({ word }) => word))} flags='--help --version' ;;
${[...topics, ...cases].join('\n')}
  esac
  [[ $cur == -* ]] && words=$flags
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o bashdefault -o default -F _${bin} ${bin}
`
}
