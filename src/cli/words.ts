/**
 * The words of a command line that are no flags, in their order. For commands that take many: oclif
 * sorts its list of them with indexOf, for which 10,000 files took 4 s and 30,000 took 39 s, and
 * which moves a word that is there twice, or is also the value of a flag.
 */

/** What has to be known of a flag to find its value. */
export interface FlagShape {
  type: 'boolean' | 'option'
  char?: string
  aliases?: string[]
}

/** `rest` is for oclif: the flags, and one word so that it sees whether there is any. */
export function splitWords(
  argv: string[],
  flags: Record<string, FlagShape>,
): { words: string[]; rest: string[] } {
  const withValue = new Set<string>()
  const chars = new Set<string>()
  for (const [name, { type, char, aliases = [] }] of Object.entries(flags)) {
    if (type !== 'option') continue
    for (const known of [name, ...aliases]) withValue.add(`--${known}`)
    if (char) chars.add(char)
  }

  /** Whether the value of this flag is the next word. */
  function takesNext(flag: string): boolean {
    if (flag.startsWith('--')) return withValue.has(flag)
    const at = [...flag.slice(1)].findIndex((letter) => chars.has(letter))
    return at >= 0 && at === flag.length - 2
  }

  const words: string[] = []
  const rest: string[] = []
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] as string
    if (word === '--') {
      for (const further of argv.slice(at + 1)) words.push(further)
      break
    }
    if (!word.startsWith('-') || word === '-' || /^-\d/.test(word)) {
      words.push(word)
      continue
    }
    rest.push(word)
    if (takesNext(word) && at + 1 < argv.length) {
      at += 1
      rest.push(argv[at] as string)
    }
  }
  return { words, rest: words.length > 0 ? [...rest, '--', words[0] as string] : rest }
}
