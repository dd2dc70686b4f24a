/**
 * Text that is drawn again and again. It has the terminal's alternate screen to itself, as an editor
 * has, so that nothing piles up in the history and what was there before comes back at the end.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import widthOf from 'fast-string-width'
import { forTerminal } from './terminal.ts'

export interface Size {
  columns: number
  rows: number
}

/** How many rows a text takes: a line that is too wide goes on in the next row. */
export function rowsOf(text: string, columns: number): number {
  const rows = text.split('\n').map((line) => Math.max(1, Math.ceil(widthOf(line) / columns)))
  return rows.reduce((sum, one) => sum + one, 0)
}

/** The beginning of a text that is too long for the screen, and how much is missing. */
export function clip(text: string, { columns, rows }: Size): string {
  if (rowsOf(text, columns) <= rows) return text
  const lines = text.split('\n')
  let kept = lines.length
  while (kept > 0 && rowsOf(lines.slice(0, kept).join('\n'), columns) > rows - 1) kept -= 1
  return [...lines.slice(0, kept), `… ${lines.length - kept} more lines`].join('\n')
}

const enter = '\x1b[?1049h\x1b[?25l'
const leave = '\x1b[?25h\x1b[?1049l'

interface Terminal extends Partial<Size> {
  write(text: string): unknown
}

export interface WatchOptions {
  terminal: Terminal
  everyMs: number
  signal: AbortSignal
  /** The text for a screen of this size. */
  draw: (size: Size) => Promise<string>
}

/** Until the signal. Leaves the screen as it was, also after an error. */
export async function watch({ terminal, everyMs, signal, draw }: WatchOptions): Promise<void> {
  const restore = () => terminal.write(leave)
  // For an exit in the middle: `process.exit` runs no `finally`.
  process.once('exit', restore)
  const stopResting = restWhileSuspended(terminal)
  terminal.write(enter)
  try {
    while (!signal.aborted) {
      const { columns = 80, rows = 24 } = terminal
      const text = forTerminal(clip(await draw({ columns, rows }), { columns, rows }))
      // Each line clears the rest of its row, and the last one the rows below: no flicker.
      terminal.write(`\x1b[H${text.replaceAll('\n', '\x1b[K\r\n')}\x1b[K\x1b[J`)
      await sleep(everyMs, undefined, { signal }).catch(() => {})
    }
  } finally {
    process.off('exit', restore)
    stopResting()
    restore()
  }
}

/** Gives the terminal back after Ctrl-Z, and takes it again with `fg`. */
function restWhileSuspended(terminal: Terminal): () => void {
  const suspend = () => {
    terminal.write(leave)
    process.kill(process.pid, 'SIGSTOP')
  }
  const resume = () => terminal.write(enter)
  process.on('SIGTSTP', suspend).on('SIGCONT', resume)
  return () => {
    process.off('SIGTSTP', suspend).off('SIGCONT', resume)
  }
}
