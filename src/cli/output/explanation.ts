/** `tm explain`: the sentence, the facts behind it, and what to do. */
import chalk from 'chalk'
import { type Place, renderSuggestion } from '../../core/suggestions.ts'
import type { Explained } from '../explain/explain.ts'
import { whatNext } from '../explain/what-next.ts'
import { described, folded } from './columns.ts'
import { nameOfTask } from './job-task.ts'
import { printable } from './terminal.ts'

export interface ExplanationPlace {
  place: Place
  /** Of the terminal. */
  width?: number | undefined
}

export function describeExplained(
  explained: Explained,
  { place, width = Number.POSITIVE_INFINITY }: ExplanationPlace,
): string {
  const { explanations } = explained
  const parts = explanations.map((one) => {
    const where = explained.task || explanations.length > 1 ? ` on ${one.node}` : ''
    const sentence = `${nameOf(explained)}${where}: ${printable(one.because)}.`
    const rows = Object.entries(one.facts).map(([name, text]): [string, string] => [
      `  ${printable(name)}`,
      printable(text),
    ])
    return [...folded(sentence, width), described(rows, width)].join('\n')
  })
  const steps = explanations.flatMap((one) => whatNext(one, explained))
  const shown = [...new Set(steps.map((step) => renderSuggestion(step, place)))]
  return [...parts, ...shown.map((step) => `  → ${step}`)].join('\n')
}

function nameOf({ task, job }: Explained): string {
  if (job) return chalk.bold(`Job ${job.number} ${printable(job.name)}`)
  if (!task) return ''
  return chalk.bold(`Task ${task.n === undefined ? task.id : nameOfTask(task)}`)
}
