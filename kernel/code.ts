// The body of one generated WebAssembly function: its statements in order and the locals they need.
import { type Pair, pairText } from './pair.ts'
import type { Word } from './word.ts'

export interface Code {
  /** Appends a statement. */
  add(statement: string): void
  /** Names a computed word so it is computed once; a known word needs no local. */
  word(name: string, value: Word): Word
  /** The same for a pair; `name` always becomes a local. */
  pair(name: string, value: Pair): string
  /** Declarations and statements, to be placed in a func. */
  text(): string
}

export function createCode(): Code {
  const locals = new Map<string, string>()
  const statements: string[] = []
  const assign = (name: string, type: string, value: string): string => {
    locals.set(name, type)
    statements.push(`(local.set $${name} ${value})`)
    return `(local.get $${name})`
  }
  return {
    add: (statement) => void statements.push(statement),
    word: (name, value) => (typeof value === 'bigint' ? value : assign(name, 'i64', value)),
    pair: (name, value) => assign(name, 'v128', pairText(value)),
    text() {
      const declarations = [...locals].map(([name, type]) => `(local $${name} ${type})`)
      return [...declarations, ...statements].join('\n')
    },
  }
}

/** Element `index` of a list that is known to hold it. */
export function at<T>(list: readonly T[], index: number): T {
  const element = list[index]
  if (element === undefined) throw new RangeError(`no element ${index} of ${list.length}`)
  return element
}
