/** Prometheus figures, read from the node when they are asked for: nothing is counted on the way. */
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { taskStates } from '../core/task.ts'
import type { Deps } from './app.ts'

export interface Metrics {
  contentType: string
  render(): Promise<string>
}

export function createMetrics({ queue, workers, loans, info }: Deps): Metrics {
  const registry = new Registry()
  registry.setDefaultLabels({ cluster: info.cluster, node: info.id })
  collectDefaultMetrics({ register: registry })
  const gauge = (name: string, help: string, ...labelNames: string[]) =>
    new Gauge({ name, help, labelNames, registers: [registry] })

  const tasks = gauge('tm_tasks', 'Tasks by state', 'state')
  const backlog = gauge('tm_backlog', 'Tasks that could run now and are not leased')
  const unpulled = gauge('tm_results_unpulled', 'Results that nobody has read yet')
  const wait = gauge('tm_oldest_wait_seconds', 'How long the oldest task has waited')
  const limit = gauge('tm_worker_limit', 'How many workers this node may have', 'part')
  const active = gauge('tm_workers', 'Workers by state', 'state')

  return {
    contentType: registry.contentType,
    async render() {
      const stats = await queue.stats()
      for (const state of taskStates) tasks.set({ state }, stats[state])
      backlog.set(stats.backlog)
      unpulled.set(stats.unpulled)
      wait.set(stats.oldestWait / 1000)
      for (const [part, value] of Object.entries(loans.limit())) limit.set({ part }, value)
      active.reset()
      for (const { state } of workers.list()) active.inc({ state })
      return await registry.metrics()
    },
  }
}
