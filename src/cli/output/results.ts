/** Results as text: a table on a terminal; elsewhere complete and separated by tabs. */
import chalk from 'chalk'
import type { Result, Task } from '../../api/client.ts'
import { describeDuration } from '../../core/duration.ts'
import { number } from '../../core/text.ts'
import { kinds, shownFields } from '../../kinds/kinds.ts'
import { columns, fitted, shorten, tabs } from './columns.ts'
import { printable } from './terminal.ts'

export interface ShowOptions {
  names: Map<string, string>
  /** Of the terminal, in columns; undefined for a file or a pipe. */
  width: number | undefined
}

export const noResults = 'No results yet. See what the cluster is doing: tm health'

/** Enough to tell files and results apart. */
const file = { most: 32, least: 8 }
const digest = { most: 21, least: 9 }
const outcomes = { most: Infinity, least: 11 }

/** The parameters that the kinds of these results show, one column each. */
function parametersOf(results: Result[]) {
  const fields = results.map((one) => shownFields(kinds, one))
  const names = [...new Set(fields.flatMap((one) => Object.keys(one)))]
  return { names, rows: fields.map((one) => names.map((name) => one[name] ?? '')) }
}

/** One page of results; the first one has the header. */
export function showResults(
  results: Result[],
  { names, width, header: withHeader }: ShowOptions & { header: boolean },
): string {
  const name = ({ id }: Result) => names.get(id) ?? ''
  const parameters = parametersOf(results)
  if (width === undefined) {
    return tabs(
      results.map((one, index) => [
        one.id,
        name(one),
        ...(parameters.rows[index] ?? []).map(String),
        `${one.took}ms`,
        one.result,
      ]),
    )
  }
  const shown = (value: string | number) => (typeof value === 'number' ? number(value) : value)
  const rows = results.map((one, index) => [
    one.id,
    printable(name(one)),
    ...(parameters.rows[index] ?? []).map(shown),
    describeDuration(one.took),
    printable(one.result),
  ])
  const titles = ['ID', 'FILE', ...parameters.names.map(upper), 'TOOK', 'RESULT']
  const all = withHeader ? [titles, ...rows] : rows
  return table(fitted(all, width, { 1: file, [titles.length - 1]: digest }), withHeader)
}

function table(rows: string[][], withHeader: boolean): string {
  const [titles = [], ...others] = rows
  return columns(withHeader ? [titles.map((title) => chalk.bold(title)), ...others] : rows)
}

function upper(text: string): string {
  return text.toUpperCase()
}

/** Finished tasks, including failed ones. */
export function showTasks(tasks: Task[], { names, width }: ShowOptions): string {
  const outcome = ({ state, result, error }: Task) =>
    result ?? `${state}: ${error ?? 'no reason given'}`
  if (width === undefined) {
    return tabs(tasks.map((task) => [task.id, names.get(task.id) ?? '', task.state, outcome(task)]))
  }
  const rows = tasks.map((task) => [
    task.id,
    printable(names.get(task.id) ?? ''),
    task.state === 'succeeded' ? chalk.green(task.state) : chalk.red(task.state),
    task.result === undefined ? printable(outcome(task)) : shorten(outcome(task), digest.most),
  ])
  const all = [['ID', 'FILE', 'STATE', 'RESULT'], ...rows]
  return table(fitted(all, width, { 1: file, 3: outcomes }), true)
}
