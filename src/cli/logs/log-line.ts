/** One line of a log as people read it. */
import chalk from 'chalk'
import { printable } from '../output/terminal.ts'

const levels: Record<number, string> = { 40: 'warning', 50: 'error', 60: 'fatal' }

/** `2026-11-24T12:00:00Z  scaling  action=launch rule=1 …`; a line that is no JSON stays as it is. */
export function describeLine(line: string): string {
  const entry = parse(line)
  if (!entry) return printable(line)
  const { time, level, msg, pid: _, hostname: __, node: ___, worker, err, ...fields } = entry
  const when = typeof time === 'number' ? new Date(time).toISOString() : ''
  // A node names the worker that a line is about; every line of a worker would.
  const about = 'node' in entry && worker !== undefined ? { worker, ...fields } : fields
  const pairs = Object.entries(about).map(([name, value]) => `${name}=${show(value)}`)
  const problem = levels[Number(level)]
  const words = [
    chalk.dim(when.replace(/\.\d+Z$/, 'Z')),
    ...(problem ? [chalk.red(problem)] : []),
    chalk.bold(printable(String(msg ?? ''))),
    printable(pairs.join(' ')),
    printable((err as { message?: string } | undefined)?.message ?? ''),
  ]
  return words.filter((word) => word !== '').join('  ')
}

function show(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function parse(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    return undefined
  }
}
