/** Results as text: a table on a terminal, tab-separated and in full elsewhere. */
import chalk from 'chalk'
import { describeDuration } from '../../core/duration.ts'
import type { Result, Task } from '../../core/task.ts'
import { columns, shorten, tabs } from '../columns.ts'
import { number } from '../progress.ts'

export interface ShowOptions {
  names: Map<string, string>
  terminal: boolean
}

export const noResults = 'No results yet. What the cluster is doing: tm health'

const header = ['ID', 'FILE', 'ITERATIONS', 'TOOK', 'RESULT'].map((title) => chalk.bold(title))

/** One page of them; the header stands above the first. */
export function showResults(
  results: Result[],
  { names, terminal, header: withHeader }: ShowOptions & { header: boolean },
): string {
  const name = ({ id }: Result) => names.get(id) ?? ''
  if (!terminal) {
    return tabs(
      results.map((one) => [
        one.id,
        name(one),
        String(one.iterations),
        `${one.took}ms`,
        one.result,
      ]),
    )
  }
  const rows = results.map((one) => [
    one.id,
    shorten(name(one), 32),
    number(one.iterations),
    describeDuration(one.took),
    shorten(one.result, 21),
  ])
  return columns(withHeader ? [header, ...rows] : rows)
}

/** Tasks that are done, failed ones among them. */
export function showTasks(tasks: Task[], { names, terminal }: ShowOptions): string {
  const outcome = ({ state, result, error }: Task) =>
    result ?? `${state}: ${error ?? 'no reason given'}`
  if (!terminal) {
    return tabs(tasks.map((task) => [task.id, names.get(task.id) ?? '', task.state, outcome(task)]))
  }
  const rows = tasks.map((task) => [
    task.id,
    shorten(names.get(task.id) ?? '', 32),
    task.state === 'succeeded' ? chalk.green(task.state) : chalk.red(task.state),
    task.state === 'succeeded' ? shorten(outcome(task), 21) : outcome(task),
  ])
  return columns([['ID', 'FILE', 'STATE', 'RESULT'].map((title) => chalk.bold(title)), ...rows])
}
