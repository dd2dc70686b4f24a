/** Text in columns, for people: as wide as needed, two spaces apart, cut where the terminal ends. */
import { stripVTControlCharacters } from 'node:util'

export function columns(rows: string[][]): string {
  const widths: number[] = []
  for (const row of rows) {
    for (const [index, cell] of row.entries()) {
      widths[index] = Math.max(widths[index] ?? 0, lengthOf(cell))
    }
  }
  return rows
    .map((row) =>
      row
        .map((cell, index) => pad(cell, widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function lengthOf(cell: string): number {
  return stripVTControlCharacters(cell).length
}

function pad(cell: string, width: number): string {
  return cell + ' '.repeat(width - lengthOf(cell))
}

/** For programs: one row a line, cells between tabs, nothing shortened. */
export function tabs(rows: string[][]): string {
  const clean = (cell: string) => cell.replace(/[\t\n\r]/g, ' ')
  return rows.map((row) => row.map(clean).join('\t')).join('\n')
}

/** The beginning and the end of a long text. */
export function shorten(text: string, width: number): string {
  if (text.length <= width) return text
  const head = Math.ceil((width - 1) / 2)
  return `${text.slice(0, head)}…${text.slice(text.length - (width - 1 - head))}`
}
