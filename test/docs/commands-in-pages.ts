/** The commands of tm that a page names, in code and in examples. */

/** One command line, in words: `['up', '--local']`. */
export interface NamedCommand {
  text: string
  words: string[]
}

export function commandsIn(page: string): NamedCommand[] {
  const blocks = [...page.matchAll(/^```.*?\n(.*?)^```/gms)].map(([, text = '']) => text)
  const lines = blocks.flatMap((block) => block.split('\n')).map((line) => line.replace(/^\$ /, ''))
  const prose = page.replace(/^```.*?^```/gms, '')
  const spans = [...prose.matchAll(/`([^`\n]+)`/g)].map(([, text = '']) => text)
  // What stands in quotes, or behind --, is not for tm.
  const ours = [...lines, ...spans].map((text) =>
    text.replace(/'[^']*'/g, 'TEXT').replace(/ -- .*/, ''),
  )
  const parts = ours.flatMap((text) => text.split(/[|;]|&&|\$\(/))
  return parts.flatMap((part) => {
    const [text, rest] = /^\s*tm ([a-z][^<>#)]*)/.exec(part) ?? []
    return text && rest ? [{ text: part.trim(), words: rest.trim().split(/\s+/) }] : []
  })
}

export interface Row {
  symptom: string
  /** The third column, and the commands in it. */
  advice: string
  commands: NamedCommand[]
}

/** The rows of the tables of symptoms: symptom, reason, command. */
export function rowsOf(page: string): Row[] {
  return page
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| symptom'))
    .map((line) => {
      const [, symptom = '', , advice = ''] = ` ${line}`.split(' | ').map((cell) => cell.trim())
      return { symptom, advice, commands: commandsIn(advice) }
    })
}
