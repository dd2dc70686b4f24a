/** Why a task is where it is, in one sentence and the facts behind it. Pure. */
import { describeDuration } from '../duration.ts'
import { number } from '../text.ts'
import type { Explanation, TaskFacts } from './facts.ts'
import { factsOfWaiting, whyWaiting } from './waiting.ts'

export function explainTask(facts: TaskFacts): Explanation {
  const { state } = facts.task
  if (state === 'queued') {
    const reason = whyWaiting(facts)
    return { ...reason, facts: factsOfWaiting(facts, reason) }
  }
  if (state === 'running') return whileRunning(facts)
  return { why: state, because: howItEnded(facts), facts: factsOfEnded(facts) }
}

function whileRunning({ task, sign, workers, missing, job, now }: TaskFacts): Explanation {
  const { worker: id = '', attempts, startedAt = now } = task
  const facts = {
    worker: id,
    attempt: number(attempts),
    leased: describeDuration(now - startedAt),
    ...(sign && sign.line !== '' ? { 'last line': sign.line } : {}),
  }
  const worker = workers.find((one) => one.id === id)
  const again = 'it is queued again when its lease has ended'
  if (!worker && missing.length === 0)
    return { why: 'worker-gone', because: `its worker ${id} is gone: ${again}`, facts }
  if (worker?.state === 'lost')
    return { why: 'worker-silent', because: `its worker ${id} does not answer: ${again}`, facts }
  if (job && !sign) {
    const text = `${id} holds it, and has not said yet that its command has begun`
    return { why: 'held', because: text, facts }
  }
  const since = describeDuration(now - (sign?.beganAt ?? startedAt))
  return { why: 'runs', because: `it has run on ${id} for ${since}`, facts }
}

function howItEnded({ task, now }: TaskFacts): string {
  const { state, completedAt = now, startedAt, worker, error } = task
  const ago = `${describeDuration(now - completedAt)} ago`
  if (state === 'cancelled') return `it was cancelled ${ago}`
  if (state === 'succeeded') {
    const took =
      startedAt === undefined ? '' : ` after ${describeDuration(completedAt - startedAt)}`
    return `it succeeded ${ago}${worker ? ` on ${worker}` : ''}${took}`
  }
  return `it failed ${ago}: ${error ?? 'it does not say why'}`
}

function factsOfEnded({ task: { worker, attempts, failures } }: TaskFacts): Record<string, string> {
  const failed = failures > 0 ? `, ${number(failures)} failed` : ''
  return { ...(worker ? { worker } : {}), attempts: `${number(attempts)}${failed}` }
}
