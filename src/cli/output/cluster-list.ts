/** Clusters as `tm list` shows them: a table for people, tabs for programs. */
import chalk from 'chalk'
import { describeDuration } from '../../core/duration.ts'
import { renderCommand, tm } from '../../core/suggestions.ts'
import { dollars } from '../../core/text.ts'
import type { ListedCluster } from '../../provider/cluster.ts'
import { columns, tabs } from './columns.ts'

export const noClusters = 'There are no clusters.'

/** A table on a terminal, tab-separated elsewhere. */
export function describeList(
  clusters: ListedCluster[],
  { now, terminal }: { now: number; terminal: boolean },
): string {
  const rows = clusters.map((one) => [
    one.cluster,
    one.region ?? (one.host === undefined ? 'this machine' : `host ${one.host}`),
    String(one.nodes),
    one.host === undefined ? String(one.workers) : '?',
    one.since === undefined ? '' : describeDuration(now - one.since),
    one.hourly === undefined ? 'not known' : dollars(one.hourly),
    noteOf(one, terminal),
  ])
  if (!terminal) return tabs(rows)
  const header = ['CLUSTER', 'WHERE', 'NODES', 'WORKERS', 'AGE', '$/H', '']
  const table = columns([header.map((title) => chalk.bold(title)), ...rows])
  const hints = clusters.map(hintOf).filter((hint) => hint !== '')
  return hints.length > 0 ? `${table}\n\n${hints.join('\n')}` : table
}

function problemOf({ whole, provider, nodes, host }: ListedCluster) {
  if (whole || host !== undefined) return undefined
  if (nodes > 0) return { what: 'incomplete', command: tm('up'), effect: 'completes it' }
  if (provider === 'local') return { what: 'stopped', command: tm('up'), effect: 'starts it' }
  return { what: 'a leftover', command: tm('down'), effect: 'removes it' }
}

/** Short in a table: the command that mends it stands below. */
function noteOf(one: ListedCluster, terminal: boolean): string {
  if (one.host !== undefined) return 'not seen from here'
  return terminal ? (problemOf(one)?.what ?? '') : hintOf(one)
}

/** What is wrong with it, and the command that mends it from anywhere; empty if it is whole. */
function hintOf(one: ListedCluster): string {
  const problem = problemOf(one)
  if (!problem) return ''
  const { cluster, region, provider } = one
  const place = { cluster, local: provider === 'local', ...(region ? { region } : {}) }
  return `${cluster} is ${problem.what}: ${renderCommand(problem.command, place)} ${problem.effect}`
}
