/** Ends a process: gently first, and never another one that was given its id. */
import { TmError } from '../../core/errors.ts'
import { until } from '../../runtime/until.ts'
import { isAlive, type TaggedProcess } from './process-table.ts'

/** SIGTERM, then SIGKILL after the grace time, to this very process only. */
export async function stopProcess(process: TaggedProcess, graceMs: number): Promise<void> {
  await send(process, 'SIGTERM')
  if (await isGone(process, graceMs)) return
  await send(process, 'SIGKILL')
  if (await isGone(process, 10_000)) return
  throw new TmError('failed', `Process ${process.pid} does not stop`, {
    suggestions: [`Look at it: ps -fp ${process.pid}`],
  })
}

async function send(target: TaggedProcess, signal: NodeJS.Signals): Promise<void> {
  if (!(await isAlive(target))) return
  try {
    process.kill(target.pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

async function isGone(process: TaggedProcess, withinMs: number): Promise<boolean> {
  const pauseMs = { firstMs: 5, maxMs: 100, factor: 1.5 }
  const gone = await until(async () => !(await isAlive(process)), { withinMs, pauseMs })
  return gone === true
}
