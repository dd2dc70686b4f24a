/** The node's own view of itself, in one object: what `tm health` shows, per node. */
import type { Deps } from './app.ts'

export async function describeNode(deps: Deps) {
  const { queue, workers, loans, scaler, siblings, info, restored } = deps
  const { oldestWait, ...counts } = await queue.stats()
  const { action, rule, reason } = scaler.last()
  const problems = findProblems(deps)
  return {
    ...info,
    healthy: problems.length === 0,
    problems,
    paused: queue.isPaused(),
    queue: { ...counts, oldestWaitSeconds: Math.round(oldestWait) / 1000 },
    workers: workers.list(),
    limit: loans.limit(),
    loans: loans.describe(),
    scaling: { decision: action, rule, reason },
    siblings: siblings.known(),
    ...(restored ? { restored } : {}),
  }
}

/** What a person has to know although the node answers. */
function findProblems({ queue, workers, duties }: Deps): string[] {
  const launch = workers.launchFailure()
  return [
    ...(queue.isPaused() ? ['it is draining: it takes no tasks until it is restarted'] : []),
    ...(launch ? [`workers can't be launched: ${launch.reason}`] : []),
    ...[...duties].map(([duty, why]) => `${duty} fails: ${why}`),
  ]
}
