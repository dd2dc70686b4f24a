/** Prometheus metrics. Values are read from the node at each scrape. */
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { intakes } from '../../core/intake.ts'
import { taskStates } from '../../core/task.ts'
import type { NodeContext } from './node-context.ts'

export interface Metrics {
  contentType: string
  render(): Promise<string>
}

export function createMetrics(context: NodeContext): Metrics {
  const { queue, intake, workers, loans, shared, info } = context
  const registry = new Registry()
  registry.setDefaultLabels({ cluster: info.cluster, node: info.id })
  collectDefaultMetrics({ register: registry })
  const gauge = (name: string, help: string, ...labelNames: string[]) =>
    new Gauge({ name, help, labelNames, registers: [registry] })

  const tasks = gauge('tm_tasks', 'Tasks by state', 'state')
  const backlog = gauge('tm_backlog', 'Queued tasks that could run now')
  const unpulled = gauge('tm_results_unpulled', 'Results that have not been pulled')
  const wait = gauge('tm_oldest_wait_seconds', 'How long the oldest task of the backlog has waited')
  const limit = gauge('tm_worker_limit', 'Maximum number of workers on this node', 'part')
  const active = gauge('tm_workers', 'Workers by state', 'state')
  const disk = gauge('tm_disk_bytes', 'Disk of the node, with what its files use again', 'part')
  const taking = gauge('tm_intake', 'How new tasks are taken: 1 for the state it is in', 'state')
  const traffic = gauge('tm_shared_bytes', 'Bytes of shared files since the start', 'direction')

  return {
    contentType: registry.contentType,
    async render() {
      const stats = await queue.stats()
      for (const state of taskStates) tasks.set({ state }, stats[state])
      backlog.set(stats.backlog)
      unpulled.set(stats.unpulled)
      wait.set(stats.oldestWait / 1000)
      for (const [part, value] of Object.entries(loans.limit())) limit.set({ part }, value)
      for (const [direction, bytes] of Object.entries(shared.traffic())) {
        traffic.set({ direction }, bytes)
      }
      const { free, size } = intake.disk() ?? {}
      if (free !== undefined) disk.set({ part: 'free' }, free)
      if (size !== undefined) disk.set({ part: 'all' }, size)
      for (const state of intakes) taking.set({ state }, Number(state === intake.state()))
      active.reset()
      for (const { state } of workers.list()) active.inc({ state })
      return await registry.metrics()
    },
  }
}
