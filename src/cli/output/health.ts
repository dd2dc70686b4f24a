/** `tm health`: asks all nodes for their state, and describes whether they work and why not. */
import chalk from 'chalk'
import type { NodeState } from '../../api/client.ts'
import { describeDuration } from '../../core/duration.ts'
import { describeIntake, whatFrees } from '../../core/intake.ts'
import { effectiveLimit } from '../../core/scaling/plan.ts'
import {
  type Command,
  type Place,
  renderCommand,
  renderSuggestion,
  suggest,
  tm,
} from '../../core/suggestions.ts'
import { number, pluralize } from '../../core/text.ts'
import type { Machine } from '../../provider/provider.ts'
import { type Asked, askAll, type NodeLink } from '../../state/cluster-nodes.ts'
import { whyBlocked } from '../cluster/blocked.ts'
import { columns, described, folded } from './columns.ts'
import { printable } from './terminal.ts'

export interface NodeHealth
  extends Partial<Omit<NodeState, 'id' | 'healthy' | 'problems' | 'version'>> {
  id: string
  url: string
  healthy: boolean
  problems: string[]
  pid?: number
  /** On EC2: i-… */
  instance?: string
}

export interface Health {
  cluster: string
  healthy: boolean
  /** Of the cluster as a whole. */
  problems: string[]
  nodes: NodeHealth[]
}

export async function gatherHealth(
  cluster: string,
  nodes: NodeLink[],
  /** The processes of a local cluster; undefined on EC2, where only the nodes are asked. */
  machines: Machine[] | undefined,
): Promise<Health> {
  const asked = await askAll(nodes, ({ client }) => client.getState({ timeoutMs: 5000 }))
  const views = asked.map((one) =>
    machines
      ? toHealth(
          one,
          cluster,
          machines.find(({ id }) => id === one.node.id),
        )
      : toEc2Health(one, cluster),
  )
  const problems = problemsOf({ cluster, local: machines !== undefined }, asked)
  const healthy = problems.length === 0 && views.every((view) => view.healthy)
  return { cluster, healthy, problems, nodes: views }
}

function problemsOf(place: Place, asked: Asked<NodeState>[]): string[] {
  const known = asked.flatMap((one) => (one.ok ? [one.value] : []))
  const blocked = known.length === asked.length ? whyBlocked(known) : undefined
  if (!blocked) return []
  return [`${blocked.reason}. ${renderSuggestion(blocked.fix, place)}`]
}

function toHealth(
  asked: Asked<NodeState>,
  cluster: string,
  machine: Machine | undefined,
): NodeHealth {
  const { id, url } = asked.node
  const pid = machine?.pid ? { pid: machine.pid } : {}
  if (!asked.ok) {
    const what =
      url === '' ? 'it is not up yet: complete the cluster' : 'its process is gone: start it again'
    const gone = `${what} with ${reaching(cluster, tm('up', { local: true }))}`
    return { id, url, healthy: false, problems: [machine ? asked.why : gone], ...pid }
  }
  const { version, cluster: _, ...state } = asked.value
  return { ...state, id, url, ...pid }
}

function toEc2Health(asked: Asked<NodeState>, cluster: string): NodeHealth {
  const { id, url, instance } = asked.node
  const own = { id, url, ...(instance ? { instance } : {}) }
  if (!asked.ok) return { ...own, healthy: false, problems: [whyNot(asked, cluster)] }
  const { version, cluster: _, ...state } = asked.value
  return { ...state, ...own }
}

function whyNot({ node, why }: { node: NodeLink; why: string }, cluster: string): string {
  const { url, isPrivate } = node
  if (url === '')
    return `it is not up yet: complete the cluster with ${reaching(cluster, tm('up'))}`
  const moved = `if your own address has changed: ${reaching(cluster, tm('allow-ip'))}`
  const unreachable = isPrivate ? 'its address is private: are you in its VPC or VPN?' : moved
  return `${why}; ${unreachable}; if the machine is gone: ${reaching(cluster, tm('up'))}`
}

function reaching(cluster: string, command: Command): string {
  return renderCommand(command, { cluster })
}

export interface DescribeOptions {
  /** A line for each worker, or one for all workers of a node. */
  workers?: 'each' | 'counted'
  /** Rate and time left, where they are known. */
  pace?: string
  /** Of the terminal; undefined for a file or a pipe. */
  width?: number | undefined
}

export function describeHealth(
  { cluster, healthy, problems, nodes }: Health,
  now: number,
  options: DescribeOptions = {},
): string {
  const sum = (pick: (node: NodeHealth) => number | undefined) =>
    nodes.reduce((total, node) => total + (pick(node) ?? 0), 0)
  const workers = sum((node) => node.workers?.length)
  const verdict = healthy ? chalk.green('healthy') : chalk.red('not healthy')
  const title = `Cluster ${chalk.bold(cluster)} is ${verdict}: ${[
    pluralize(nodes.length, 'node'),
    pluralize(workers, 'worker'),
    `${number(sum((node) => node.queue?.queued))} queued`,
    `${number(sum((node) => node.queue?.running))} running`,
    `${number(sum((node) => node.queue?.succeeded))} succeeded`,
  ].join(', ')}`
  const head = [
    ...folded(title, options.width ?? Infinity),
    ...problems.map((problem) => `  ${chalk.red(problem)}`),
    ...(options.pace ? [options.pace] : []),
  ].join('\n')
  const place = { cluster, local: nodes.some(({ pid }) => pid !== undefined) }
  return [head, ...nodes.map((node) => describeNode(node, now, { ...options, place }))].join('\n\n')
}

function describeNode(
  node: NodeHealth,
  now: number,
  { workers: shown = 'each', width, place }: DescribeOptions & { place: Place },
): string {
  const mark = node.healthy ? chalk.green('●') : chalk.red('●')
  const machine = node.pid ? `process ${node.pid}` : (node.instance ?? '')
  const facts = [node.url, machine, upSince(node, now)]
  const title = `${mark} ${chalk.bold(node.id)}  ${facts.filter((fact) => fact !== '').join(', ')}`
  const rows: Row[] = [
    ...node.problems.map((problem): Row => ['  problem', chalk.red(printable(problem))]),
    ...describeDisk(node.disk, place),
    ...(node.queue ? [['  queue', describeQueue(node.queue)] as Row] : []),
    ...(node.limit ? [['  limit', describeLimit(node)] as Row] : []),
    ...(node.scaling ? [['  scaling', printable(node.scaling.reason)] as Row] : []),
  ]
  const { workers = [] } = node
  const some = workers.length > 0
  if (some && shown === 'counted') rows.push(countWorkers(workers))
  const each = some && shown === 'each' ? [describeWorkers(workers, now)] : []
  return [title, described(rows, width), ...describeFailedSetup(node, place), ...each].join('\n')
}

type Row = [name: string, text: string]

/** Only one that fills up. One that takes nothing any more is among the problems as well. */
function describeDisk(disk: NodeHealth['disk'], place: Place): Row[] {
  const what = disk && describeIntake('its', disk)
  if (!what) return []
  return [['  disk', `${chalk.yellow(what)}. ${renderSuggestion(whatFrees, place)}`]]
}

type Workers = NodeState['workers']

function describeWorkers(workers: Workers, now: number): string {
  const rows = workers.map((worker) => [
    `  ${worker.id}`,
    worker.state,
    ...whatItDoes(worker, now),
    worker.pid ? `process ${worker.pid}` : '',
    `up ${describeDuration(now - worker.launchedAt)}`,
    worker.isolation ?? '',
  ])
  return columns(rows)
}

/** Characters of a line of a setup. */
const shownOfLine = 60

function whatItDoes({ state, running, slots, preparing }: Workers[number], now: number): string[] {
  if (preparing) {
    return [
      `${describeDuration(now - preparing.beganAt)}: ${printable(preparing.line).slice(0, shownOfLine)}`,
      '',
    ]
  }
  if (state === 'starting') return ['', '']
  return [`${number(running)} running`, pluralize(slots, 'slot')]
}

/** The last lines of a setup that failed, as it wrote them. */
function describeFailedSetup({ failedSetup }: NodeHealth, place: Place): string[] {
  if (!failedSetup) return []
  const { worker, lines } = failedSetup
  const all = suggest`All that it wrote: ${tm('logs', {}, worker)}`
  const next = suggest`Change it: ${tm('up', { setup: 'FILE' })}; try the same again: ${tm('up')}`
  return [
    `  The setup of ${worker} wrote at last:`,
    ...lines.map((line) => `    ${printable(line)}`),
    ...[all, next].map((one) => `  → ${renderSuggestion(one, place)}`),
  ]
}

/** `  workers  3 busy, 1 idle` */
function countWorkers(workers: Workers): Row {
  const counts = Map.groupBy(workers, ({ state }) => state)
  return ['  workers', [...counts].map(([state, some]) => `${some.length} ${state}`).join(', ')]
}

function upSince({ startedAt }: NodeHealth, now: number): string {
  return startedAt === undefined ? '' : `up ${describeDuration(now - startedAt)}`
}

function describeQueue(queue: NodeState['queue']): string {
  const counts = (['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const)
    .map((state) => `${number(queue[state])} ${state}`)
    .join(', ')
  if (queue.backlog === 0) return counts
  return `${counts}; the oldest has waited ${describeDuration(queue.oldestWaitSeconds * 1000)}`
}

function describeLimit({ limit, loans = [] }: NodeHealth): string {
  if (!limit) return ''
  const total = effectiveLimit(limit)
  if (limit.borrowed === 0 && limit.lent === 0) return pluralize(total, 'worker')
  const parts = `${limit.own} own + ${limit.borrowed} borrowed − ${limit.lent} lent`
  const each = Map.groupBy(loans, ({ kind, peer }) =>
    kind === 'lent' ? `lent to ${peer}` : `borrowed from ${peer}`,
  )
  const terms = [...each].map(([what, some]) => {
    const first = Math.min(...some.map(({ expiresIn }) => expiresIn))
    return `${some.length} ${what} for ${describeDuration(first)} unless renewed`
  })
  return `${pluralize(total, 'worker')} = ${parts} (${terms.join(', ')})`
}
