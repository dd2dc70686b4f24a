/** `tm health`: is it working, and if not, why. Gathers the nodes' own views and puts them in words. */
import chalk from 'chalk'
import type { NodeState } from '../client/client.ts'
import { describeDuration } from '../core/duration.ts'
import { effectiveLimit } from '../core/policy.ts'
import type { Machine } from '../provider/provider.ts'
import { columns } from './columns.ts'
import { type Asked, askAll, type NodeLink } from './nodes.ts'
import { counted, number } from './progress.ts'
import { tm } from './saved.ts'

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
  nodes: NodeHealth[]
}

export async function gatherHealth(
  cluster: string,
  nodes: NodeLink[],
  /** Of a local cluster; elsewhere only the nodes themselves are asked. */
  machines: Machine[] | undefined,
): Promise<Health> {
  const asked = await askAll(nodes, ({ client }) => client.state({ timeout: 5000 }))
  const views = asked.map((one) =>
    machines
      ? toHealth(
          one,
          cluster,
          machines.find(({ id }) => id === one.node.id),
        )
      : toEc2Health(one, cluster),
  )
  return { cluster, healthy: views.every(({ healthy }) => healthy), nodes: views }
}

function toHealth(
  asked: Asked<NodeState>,
  cluster: string,
  machine: Machine | undefined,
): NodeHealth {
  const { id, url } = asked.node
  const pid = machine?.pid ? { pid: machine.pid } : {}
  if (!asked.ok) {
    const gone = `its process is gone: start it again with ${tm('up --local', cluster)}`
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

function whyNot({ node: { url }, why }: { node: NodeLink; why: string }, cluster: string): string {
  if (url === '') return `it is not up yet: complete the cluster with ${tm('up', cluster)}`
  const moved = `if your own address has changed: ${tm('allow-ip', cluster)}`
  return `${why}; ${moved}; if the machine is gone: ${tm('up', cluster)}`
}

export function describeHealth({ cluster, healthy, nodes }: Health, now: number): string {
  const sum = (pick: (node: NodeHealth) => number | undefined) =>
    nodes.reduce((total, node) => total + (pick(node) ?? 0), 0)
  const workers = sum((node) => node.workers?.length)
  const verdict = healthy ? chalk.green('healthy') : chalk.red('not healthy')
  const title = `Cluster ${chalk.bold(cluster)} is ${verdict}: ${[
    counted(nodes.length, 'node'),
    counted(workers, 'worker'),
    `${number(sum((node) => node.queue?.queued))} queued`,
    `${number(sum((node) => node.queue?.running))} running`,
    `${number(sum((node) => node.queue?.succeeded))} succeeded`,
  ].join(', ')}`
  return [title, ...nodes.map((node) => describeNode(node, now))].join('\n\n')
}

function describeNode(node: NodeHealth, now: number): string {
  const mark = node.healthy ? chalk.green('●') : chalk.red('●')
  const machine = node.pid ? `process ${node.pid}` : (node.instance ?? '')
  const facts = [node.url, machine, upSince(node, now)]
  const title = `${mark} ${chalk.bold(node.id)}  ${facts.filter((fact) => fact !== '').join(', ')}`
  const rows = [
    ...node.problems.map((problem) => ['  problem', chalk.red(problem)]),
    ...(node.queue ? [['  queue', describeQueue(node.queue)]] : []),
    ...(node.limit ? [['  limit', describeLimit(node)]] : []),
    ...(node.scaling ? [['  scaling', node.scaling.reason]] : []),
  ]
  const workers = (node.workers ?? []).map((worker) => [
    `  ${worker.id}`,
    worker.state,
    worker.state === 'starting' ? '' : `${number(worker.running)} in hand`,
    worker.state === 'starting' ? '' : counted(worker.slots, 'slot'),
    worker.pid ? `process ${worker.pid}` : '',
    `up ${describeDuration(now - worker.launchedAt)}`,
  ])
  return [title, columns(rows), ...(workers.length > 0 ? [columns(workers)] : [])].join('\n')
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
  if (limit.borrowed === 0 && limit.lent === 0) return counted(total, 'worker')
  const parts = `${limit.own} own + ${limit.borrowed} borrowed − ${limit.lent} lent`
  const each = Map.groupBy(loans, ({ kind, peer }) =>
    kind === 'lent' ? `lent to ${peer}` : `borrowed from ${peer}`,
  )
  const terms = [...each].map(([what, some]) => {
    const first = Math.min(...some.map(({ expiresIn }) => expiresIn))
    return `${some.length} ${what} for ${describeDuration(first)} unless renewed`
  })
  return `${counted(total, 'worker')} = ${parts} (${terms.join(', ')})`
}
