/** Text in columns, for people, and between tabs, for programs. */
import widthOf from 'fast-string-width'

const gap = '  '

/** Each column is as wide as its widest cell on a terminal, two spaces apart. */
export function columns(rows: string[][]): string {
  const widths: number[] = []
  for (const row of rows) {
    for (const [index, cell] of row.entries()) {
      widths[index] = Math.max(widths[index] ?? 0, widthOf(cell))
    }
  }
  const pad = (cell: string, width: number) => cell + ' '.repeat(width - widthOf(cell))
  return rows
    .map((row) =>
      row
        .map((cell, index) => pad(cell, widths[index] ?? 0))
        .join(gap)
        .trimEnd(),
    )
    .join('\n')
}

/**
 * Shortens the cells of some columns until the rows are no wider than `width`, the widest column
 * first. `limits` has the most and the least width of each such column, by its index.
 */
export function fitted(
  rows: string[][],
  width: number,
  limits: Record<number, { most: number; least: number }>,
): string[][] {
  const count = Math.max(0, ...rows.map((row) => row.length))
  const widths = Array.from({ length: count }, (_, index) => {
    const widest = Math.max(...rows.map((row) => widthOf(row[index] ?? '')))
    return Math.min(widest, limits[index]?.most ?? Infinity)
  })
  let over = widths.reduce((sum, one) => sum + one, gap.length * (count - 1)) - width
  while (over > 0) {
    const shrinkable = widths
      .keys()
      .filter((at) => (widths[at] ?? 0) > (limits[at]?.least ?? Infinity))
    const widest = [...shrinkable].sort((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0))[0]
    if (widest === undefined) break
    widths[widest] = (widths[widest] ?? 0) - 1
    over -= 1
  }
  return rows.map((row) =>
    row.map((cell, index) => (limits[index] ? shorten(cell, widths[index] ?? 0) : cell)),
  )
}

/** Names and texts side by side. A text that is too wide for the terminal goes on below its beginning. */
export function described(rows: [name: string, text: string][], width = Infinity): string {
  const indent = Math.max(0, ...rows.map(([name]) => widthOf(name))) + gap.length
  const room = width - indent
  if (room < 20) return columns(rows)
  return columns(
    rows.flatMap(([name, text]) =>
      folded(text, room).map((line, index) => [index === 0 ? name : '', line]),
    ),
  )
}

/** Lines of whole words. A word that is too wide by itself stays whole. */
export function folded(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    const fits = line === '' || widthOf(longer) <= width
    if (!fits) lines.push(line)
    line = fits ? longer : word
  }
  return [...lines, line]
}

/** One row a line, cells between tabs, nothing shortened. */
export function tabs(rows: string[][]): string {
  const clean = (cell: string) => cell.replace(/[\t\n\r]/g, ' ')
  return rows.map((row) => row.map(clean).join('\t')).join('\n')
}

/** Characters as people see them: an emoji counts as one, however many code points it has. */
const characters = new Intl.Segmenter()

/** The beginning and the end of a text that is wider than `width` on a terminal. */
export function shorten(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  const all = Array.from(characters.segment(text), ({ segment }) => segment)
  const head = Math.ceil((width - 1) / 2)
  const tail = width - 1 - head
  return [...fitting(all, head), '…', ...fitting(all.toReversed(), tail).reverse()].join('')
}

function fitting(characters: string[], width: number): string[] {
  let used = 0
  const end = characters.findIndex((character) => {
    used += widthOf(character)
    return used > width
  })
  return end === -1 ? characters : characters.slice(0, end)
}
