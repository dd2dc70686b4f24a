/** Text that arrives in pieces, for a terminal: whole lines, without what a terminal would act on. */
import { stripVTControlCharacters } from 'node:util'

export interface LiveText {
  /** The lines that are complete with this piece. */
  add(piece: string): string[]
  /** What is left, when nothing more comes. */
  end(): string[]
}

/** A line longer than this is shown in parts. */
const longest = 2000

export function liveText(): LiveText {
  let rest = ''

  return {
    add(piece) {
      const lines = (rest + piece).split('\n')
      rest = lines.pop() ?? ''
      const shown = lines.map(lastState)
      // A line that shows its progress begins anew at each \r: the newest state of it is worth a line.
      const [, state, begun = ''] = /^(.*)\r([^\r]*)$/s.exec(rest) ?? []
      if (state !== undefined) {
        const last = lastState(state)
        if (last !== '') shown.push(last)
        rest = begun
      }
      while (rest.length > longest) {
        shown.push(lastState(rest.slice(0, longest)))
        rest = rest.slice(longest)
      }
      return shown
    },
    end() {
      const last = lastState(rest)
      rest = ''
      return last === '' ? [] : [last]
    },
  }
}

function lastState(line: string): string {
  const states = line.split('\r').filter((state) => state !== '')
  return stripVTControlCharacters(states.at(-1) ?? '')
}
