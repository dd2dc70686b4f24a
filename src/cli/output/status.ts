/**
 * How something long stands: on a terminal a block that is repainted, elsewhere a line now and then,
 * more and more rarely.
 */
import type { Status } from '../../core/progress.ts'
import { shorten } from './columns.ts'
import { forTerminal } from './terminal.ts'

export interface StatusOptions {
  write: (text: string) => void
  /** What moves on a terminal; undefined elsewhere. */
  spin: ((text: string) => { text: string; stop(): unknown }) | undefined
  /** Columns of the terminal. */
  columns: number
  /** The last line, with its mark and how long it took. */
  done: (title: string, ok: boolean) => string
  /** Milliseconds. */
  now: () => number
}

/** How often it is repainted. */
const repaintMs = 1000
/** Between two lines off a terminal: at first, how it grows, and at the most. */
const plain = { firstMs: 5000, factor: 1.5, maxMs: 60_000 }
/** The sign that moves, and a column at the end: some terminals wrap when the last one is filled. */
const margin = 3

export function createStatus({ write, spin, columns, done, now }: StatusOptions): Status {
  let spinner: { text: string; stop(): unknown } | undefined
  let pauseMs = plain.firstMs
  let writtenAt = now()
  const width = spin ? columns - margin : Infinity

  function paint(lines: string[]): void {
    const text = lines.map((line) => shorten(forTerminal(line), width)).join('\n')
    if (spinner) spinner.text = text
    else spinner = spin?.(text)
  }

  return {
    width,
    dueInMs: () => (spin ? repaintMs : Math.max(0, writtenAt + pauseMs - now())),
    show({ line, details }) {
      if (spin) paint([line, ...details])
      else if (now() - writtenAt >= pauseMs) {
        write(line)
        writtenAt = now()
        pauseMs = Math.min(plain.maxMs, pauseMs * plain.factor)
      }
    },
    end(title, ok = true) {
      spinner?.stop()
      write(done(title, ok))
    },
  }
}
