/**
 * Turns a shell line with placeholders into a script that is the same for all tasks: a placeholder
 * becomes a variable in quotes, so no value is ever read as shell text. Follows the quoting rules of
 * POSIX (XCU 2.2, 2.6) as far as that takes.
 */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of a shell look like this.
import { TmError } from '../../core/errors.ts'
import { nameIn, requireKnown, variableOf } from './placeholders.ts'

export interface ShellLine {
  script: string
  /** The placeholders in it. */
  names: string[]
}

/** Where the reader is. A `$(` opens a new line inside the quotes that it is in. */
type Context = 'line' | 'double' | 'single' | 'backticks' | 'arithmetic' | 'parameter'

/** What ends each context, and why a placeholder can't stand in it. */
const contexts: Record<Context, { end: string; refusal?: string }> = {
  line: { end: ')' },
  double: { end: '"' },
  single: {
    end: "'",
    refusal: `it stands in '…', where a shell fills in nothing: use "…", or close the quotes before it`,
  },
  backticks: { end: '`', refusal: 'it stands in `…`: write $(…)' },
  arithmetic: {
    end: '))',
    refusal:
      'it stands in $((…)), where a shell would compute what is in it: assign it first, n={n}',
  },
  parameter: { end: '}', refusal: 'it stands in ${…}: assign it to a variable of its own first' },
}

/** What opens a context, longest first. */
const openings: [string, Context][] = [
  ['$((', 'arithmetic'],
  ['$(', 'line'],
  ['${', 'parameter'],
  ['`', 'backticks'],
  ['"', 'double'],
]
/** Quotes and brackets that mean something outside of double quotes only. */
const openingsOfLine: [string, Context][] = [...openings, ["'", 'single'], ['(', 'line']]

/** A word of its own, and not the file of a redirection. */
const beforeWord = /(^|[\s;&|(])$/
const redirection = /[<>]\s*$/
const afterWord = /^($|[\s;&|)<>])/

/**
 * `lists`: placeholders that stand for several arguments, those that the script is called with. Throws
 * `invalid`: an unknown placeholder, or one where no value can be filled in safely.
 */
export function compileShellLine(
  line: string,
  known: ReadonlySet<string>,
  lists: ReadonlySet<string> = new Set(),
): ShellLine {
  const stack: Context[] = ['line']
  const names: string[] = []
  let script = ''
  let hereDocument = false
  let hasFunction = false
  let at = 0

  const follows = (text: string) => line.startsWith(text, at)

  function take(text: string): void {
    script += text
    at += text.length
  }

  /** Why several arguments can't stand here. */
  function refusalOfList(context: Context, end: number): string | undefined {
    const before = line.slice(0, at)
    if (context === 'double') return 'it is several arguments: write it without quotes'
    if (hasFunction) return 'it is the arguments of the line, and a function has its own'
    const isWord = beforeWord.test(before) && afterWord.test(line.slice(end + 1))
    if (isWord && !redirection.test(before)) return undefined
    return 'it is several arguments: put spaces around it, or write a loop, for f in {in}; do …'
  }

  /** Writes the placeholder that begins here. False if the braces hold none. */
  function takePlaceholder(context: Context): boolean {
    const end = line.indexOf('}', at)
    const name = end === -1 ? undefined : nameIn(line.slice(at + 1, end))
    // A program in quotes, such as awk's, may have braces of its own.
    if (name === undefined || (context === 'single' && !known.has(name))) return false
    requireKnown(name, known)
    const { refusal } = contexts[context]
    const isList = lists.has(name)
    const why = hereDocument
      ? 'it stands behind <<: use a file'
      : (refusal ?? (isList ? refusalOfList(context, end) : undefined))
    if (why) throw new TmError('invalid', `{${name}} can't be filled in: ${why}`)
    const variable = isList ? '$@' : `\${${variableOf(name)}}`
    script += context === 'double' ? variable : `"${variable}"`
    names.push(name)
    at = end + 1
    return true
  }

  function takeNext(context: Context): void {
    if (context === 'line' && follows('()')) hasFunction = true
    const isText = context === 'line' || context === 'double'
    const isComment = context === 'line' && follows('#') && /(^|[\s;&|(])$/.test(line.slice(0, at))
    const opening = (context === 'line' ? openingsOfLine : openings).find(([text]) => follows(text))
    if (context !== 'single' && follows('\\')) take(line.slice(at, at + 2))
    else if (isText && (follows('{{') || follows('}}'))) {
      script += line[at]
      at += 2
    } else if (follows('{') && takePlaceholder(context)) return
    else if (follows(contexts[context].end) && stack.length > 1) {
      stack.pop()
      take(contexts[context].end)
    } else if (isComment) take(/^.*/.exec(line.slice(at))?.[0] ?? '')
    else if (opening && context !== 'single' && context !== 'backticks') {
      stack.push(opening[1])
      take(opening[0])
    } else {
      if (context === 'line' && follows('<<')) hereDocument = true
      take(line[at] as string)
    }
  }

  while (at < line.length) takeNext(stack.at(-1) as Context)
  const open = stack.at(-1) as Context
  if (names.length > 0 && stack.length > 1) {
    throw new TmError('invalid', `The command breaks off: ${contexts[open].end} is missing`)
  }
  return { script, names }
}
