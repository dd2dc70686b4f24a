/**
 * `tm rotate-tokens`: all nodes take tokens of another secret, workers get theirs, then the old ones
 * are worth nothing. Killed anywhere, it is completed by running it again (core/keys.ts).
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { TmError } from '../core/errors.ts'
import type { RotationPhase } from '../core/keys.ts'
import { askAll, type NodeLink, nodesOf } from './nodes.ts'
import type { Reporter } from './progress.ts'
import { type Saved, tm } from './saved.ts'

export interface RotateOptions {
  saved: Saved
  /** Milliseconds that workers may take to come for their new token. */
  patience: number
  reporter: Reporter
}

export interface RotateResult {
  cluster: string
  /** Workers without a new token: they are replaced. */
  left: string[]
}

const timeout = 10_000

export async function rotateTokens({ saved, patience, reporter }: RotateOptions) {
  const before = nodesOf(saved)
  const next = saved.nextSecret()
  const everywhere = async (nodes: NodeLink[], phase: RotationPhase): Promise<string[]> => {
    const asked = await askAll(nodes, ({ client }) => {
      return client.rotateSecret({ next, phase }, { timeout, retries: 3 })
    })
    const failed = asked.find((one) => !one.ok)
    if (failed && !failed.ok) throw notRotated(saved, failed.node.id, failed.why, phase)
    return asked.flatMap((one) => (one.ok ? one.value : []))
  }
  await reporter.step('nodes take the new tokens', () => everywhere(before, 'accept'))
  const left = await reporter.step('workers have theirs', async (note) => {
    const end = performance.now() + patience
    for (;;) {
      const waiting = await everywhere(before, 'give')
      if (waiting.length === 0) {
        note('all of them')
        return waiting
      }
      if (performance.now() > end) {
        note(`all but ${waiting.join(', ')}`)
        return waiting
      }
      note(`waiting for ${waiting.length}`)
      await sleep(200)
    }
  })
  // Nodes take both: from here on this machine has the new one, whatever happens.
  saved.adoptNextSecret()
  await reporter.step('old tokens are refused', () => everywhere(nodesOf(saved), 'only'))
  if (left.length > 0) {
    reporter.say(`Without a new token, and replaced soon: ${left.join(', ')}`)
  }
  return { cluster: saved.name, left } satisfies RotateResult
}

function notRotated(saved: Saved, node: string, why: string, phase: RotationPhase): TmError {
  const still = phase === 'only' ? 'may still take the old tokens' : 'has not got the new ones'
  return new TmError('unreachable', `${node} ${still}: ${why}`, {
    suggestions: [
      `When it answers, run it again: ${tm('rotate-tokens', saved.name)}`,
      `See which nodes are up: ${tm('health', saved.name)}`,
    ],
  })
}
