/** The lines of `--each-line`, whole or in columns. */
import { TmError } from '../../../core/errors.ts'
import { pluralize } from '../../../core/text.ts'
import { requireKey } from './key.ts'
import type { TaskValues } from './task-values.ts'

export interface Columns {
  /** What stands between two columns. Quotes mean nothing. */
  separator: string
  /** The first line names the columns. */
  header: boolean
}

/** Throws `invalid`: lines with other numbers of columns, or names that can't be placeholders. */
export function lineTasks(lines: string[], columns: Columns | undefined): TaskValues[] {
  if (!columns) return lines.map((line) => ({ values: { line } }))
  const rows = lines.map((line) => line.split(columns.separator))
  const count = rows[0]?.length ?? 0
  const odd = rows.findIndex((row) => row.length !== count)
  if (odd !== -1) throw unequal(lines, rows, odd)
  const names = columns.header ? readHeader(rows[0] ?? []) : []
  const first = columns.header ? 1 : 0
  return rows.slice(first).map((row, at) => ({
    values: {
      line: lines[first + at] as string,
      ...Object.fromEntries(row.map((value, column) => [String(column + 1), value])),
      ...Object.fromEntries(names.map(({ name, column }) => [name, row[column] as string])),
    },
  }))
}

/** A column without a name has only its number. */
function readHeader(row: string[]): { name: string; column: number }[] {
  const named = row.flatMap((name, column) => (name === '' ? [] : [{ name, column }]))
  for (const { name, column } of named) {
    requireKey(name, `The header of column ${column + 1}`)
    if (row.indexOf(name) < column) {
      throw new TmError('invalid', `Two columns are called ${name}`, {
        suggestions: ['Rename one, or leave out --header and write {1} {2} …'],
      })
    }
  }
  return named
}

function unequal(lines: string[], rows: string[][], odd: number): TmError {
  const count = (at: number) => pluralize(rows[at]?.length ?? 0, 'column')
  const what = `"${lines[odd]?.slice(0, 60)}" has ${count(odd)}, the first line has ${count(0)}`
  return new TmError('invalid', `--each-line: ${what}`, {
    suggestions: ['Columns are split at every separator, also inside quotes'],
  })
}
