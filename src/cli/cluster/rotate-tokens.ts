/**
 * `tm rotate-tokens`: all nodes accept tokens of a new secret, workers fetch theirs, then nodes refuse
 * the old tokens. If it is killed, running it again completes it (core/keys.ts).
 */
import { TmError } from '../../core/errors.ts'
import type { RotationPhase } from '../../core/keys.ts'
import type { Reporter } from '../../core/progress.ts'
import { suggest, tm } from '../../core/suggestions.ts'
import { until } from '../../runtime/until.ts'
import { askAll, type NodeLink, nodesOf } from '../../state/cluster-nodes.ts'
import type { ClusterState } from '../../state/cluster-state.ts'

export interface RotateOptions {
  state: ClusterState
  /** How long workers may take to fetch their new token. */
  waitMs: number
  reporter: Reporter
}

export interface RotateResult {
  cluster: string
  /** Workers without a new token. They are replaced. */
  left: string[]
}

const requestTimeoutMs = 10_000

export async function rotateTokens({ state, waitMs, reporter }: RotateOptions) {
  const before = nodesOf(state)
  const next = state.nextSecret()
  const rotateAt = async (nodes: NodeLink[], phase: RotationPhase): Promise<string[]> => {
    const asked = await askAll(nodes, async ({ client }) => {
      return (
        await client.rotateSecret({
          json: { next, phase },
          timeoutMs: requestTimeoutMs,
          retries: 3,
        })
      ).waitingFor
    })
    const failed = asked.find((one) => !one.ok)
    if (failed && !failed.ok) throw notRotated(failed.node.id, failed.why, phase)
    return asked.flatMap((one) => (one.ok ? one.value : []))
  }
  await reporter.step('nodes accept the new tokens', () => rotateAt(before, 'accept'))
  const left = await reporter.step('workers have their new tokens', async (note) => {
    let waiting: string[] = []
    const allHave = async () => {
      waiting = await rotateAt(before, 'give')
      note(`waiting for ${waiting.length}`)
      return waiting.length === 0
    }
    const all = await until(allHave, { withinMs: waitMs, pauseMs: 200 })
    note(all ? 'all of them' : `all but ${waiting.join(', ')}`)
    return waiting
  })
  // Nodes accept both secrets, so this machine can use the new one, even if the last step fails.
  state.adoptNextSecret()
  await reporter.step('old tokens are refused', () => rotateAt(nodesOf(state), 'only'))
  if (left.length > 0) {
    reporter.say(`Workers without a new token are replaced: ${left.join(', ')}`)
  }
  return { cluster: state.name, left } satisfies RotateResult
}

function notRotated(node: string, why: string, phase: RotationPhase): TmError {
  const still =
    phase === 'only' ? 'may still accept the old tokens' : 'does not accept the new tokens yet'
  return new TmError('unreachable', `${node} ${still}: ${why}`, {
    suggestions: [
      suggest`When it answers, run it again: ${tm('rotate-tokens')}`,
      suggest`See which nodes are up: ${tm('health')}`,
    ],
  })
}
