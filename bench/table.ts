/** What a benchmark found: rows, as a table for people and as JSON for machines. */

export interface Row {
  /** Which benchmark. */
  bench: string
  what: string
  value: number
  unit: string
  /** What design.md asks for, where it does. */
  floor?: number
  aim?: number
  /** True where a smaller value is the better one. */
  less?: boolean
  /** All runs, in the order in which they were made. */
  runs?: number[]
  note?: string
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

export function percentile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export function isMet({ value, floor, less }: Row): boolean | undefined {
  if (floor === undefined) return undefined
  return less ? value <= floor : value >= floor
}

export function show(rows: Row[]): string {
  const cells = rows.map((row) => [
    row.bench,
    row.what,
    `${number(row.value)} ${row.unit}`.trim(),
    row.floor === undefined ? '' : `${number(row.floor)}${isMet(row) ? ' ✔' : ' ✖'}`,
    row.aim === undefined ? '' : number(row.aim),
    row.runs ? `${number(Math.min(...row.runs))} – ${number(Math.max(...row.runs))}` : '',
    row.note ?? '',
  ])
  const head = ['bench', 'what', 'median', 'floor', 'aim', 'min – max', '']
  const widths = head.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => (row[column] ?? '').length)),
  )
  return [head, widths.map((width) => '-'.repeat(width)), ...cells]
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

export function number(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return value.toLocaleString('en-US', { maximumFractionDigits: digits })
}
