/** Prometheus figures, read from the node when they are asked for: nothing is counted on the way. */
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { taskStates } from '../core/task.ts'
import type { Deps } from './app.ts'

export function createMetrics({ queue, workers, loans, info }: Deps): Registry {
  const registry = new Registry()
  registry.setDefaultLabels({ cluster: info.cluster, node: info.id })
  collectDefaultMetrics({ register: registry })

  const tasks = gauge('tm_tasks', 'Tasks by state', 'state')
  const backlog = gauge('tm_backlog', 'Tasks that could run now and are not leased')
  const unpulled = gauge('tm_results_unpulled', 'Results that nobody has read yet')
  const wait = gauge(
    'tm_oldest_wait_seconds',
    'How long the oldest task of the backlog has waited',
    undefined,
    async () => {
      const stats = await queue.stats()
      for (const state of taskStates) tasks.set({ state }, stats[state])
      backlog.set(stats.backlog)
      unpulled.set(stats.unpulled)
      wait.set(stats.oldestWait / 1000)
    },
  )
  const limit = gauge('tm_worker_limit', 'How many workers this node may have', 'part', () => {
    for (const [part, value] of Object.entries(loans.limit())) limit.set({ part }, value)
  })
  const active = gauge('tm_workers', 'Workers by state', 'state', () => {
    active.reset()
    for (const { state } of workers.list()) active.inc({ state })
  })
  return registry

  function gauge(
    name: string,
    help: string,
    label?: string,
    collect?: () => void | Promise<void>,
  ): Gauge {
    const labelNames = label ? [label] : []
    return new Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      ...(collect ? { collect } : {}),
    })
  }
}
