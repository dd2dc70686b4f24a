/** The state of a node in one object, as `tm health` shows it. */
import { describeIntake } from '../../core/intake.ts'
import type { NodeContext } from './node-context.ts'

export async function describeNode(context: NodeContext) {
  const { queue, intake, workers, loans, scaler, siblings, info, restored } = context
  const { oldestWait, jobs: _, looseWait: __, beingTried: ___, ...counts } = await queue.stats()
  const { action, rule, reason } = scaler.last()
  const problems = findProblems(context)
  const disk = intake.disk()
  const failedSetup = context.setups.failure()
  return {
    ...info,
    healthy: problems.length === 0,
    problems,
    paused: queue.isPaused(),
    queue: { ...counts, oldestWaitSeconds: Math.round(oldestWait) / 1000 },
    ...(disk ? { disk } : {}),
    workers: workers.list(),
    limit: loans.limit(),
    loans: loans.describe(),
    scaling: { decision: action, rule, reason },
    siblings: siblings.known(),
    ...(failedSetup ? { failedSetup } : {}),
    ...(restored ? { restored } : {}),
  }
}

/** Problems of a node that still answers. */
function findProblems({ queue, intake, workers, failingDuties }: NodeContext): string[] {
  const disk = intake.disk()
  const launch = workers.launchProblem()
  const unseen = workers.lookProblem()
  return [
    ...(queue.isPaused() ? ['draining: the node takes no tasks until it restarts'] : []),
    ...(disk?.intake === 'closed' ? [describeIntake('its', disk) ?? ''] : []),
    ...(launch ? [`can't launch workers: ${launch}`] : []),
    ...(unseen ? [`can't see which workers run: ${unseen}`] : []),
    ...workers
      .list()
      .flatMap(({ id, diskFull }) => (diskFull ? `${id} runs no commands: its disk is full` : [])),
    ...[...failingDuties].map(([duty, why]) => `${duty} fails: ${why}`),
  ]
}
