/**
 * Requests to end this process: by a service manager (SIGTERM), by Ctrl-C (SIGINT), by a closed
 * terminal (SIGHUP). And how a process ends by a signal.
 */
import { constants } from 'node:os'

const endings = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

const ignored = new Set<string>()

/**
 * Whoever started this process wants it to ignore these signals, as `nohup` does with SIGHUP. Node
 * gives every signal its default action back when it starts.
 */
export function ignoreSignals(names: string[]): void {
  for (const name of endings) {
    if (!names.includes(name)) continue
    ignored.add(name)
    process.on(name, () => {})
  }
}

/** `npx` and an older Node pass on a Ctrl-C that the terminal has sent to both processes. */
const sameRequestMs = 100

/** Calls `stop` at the first of these signals. The same signal again ends the process at once. */
export function onStopSignal(stop: (name: NodeJS.Signals) => void): void {
  let stopped = false
  const firstAt = new Map<NodeJS.Signals, number>()
  const receive = (name: NodeJS.Signals) => {
    const before = firstAt.get(name)
    const now = performance.now()
    if (before !== undefined && now - before > sameRequestMs) endBySignal(name)
    firstAt.set(name, before ?? now)
    if (!stopped) stop(name)
    stopped = true
  }
  for (const name of endings) if (!ignored.has(name)) process.on(name, receive)
}

/** Aborts at the first of these signals. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController()
  onStopSignal(() => controller.abort())
  return controller.signal
}

/** Ends this process as the signal's default action does: a shell sees 128 + its number. */
export function endBySignal(name: NodeJS.Signals): never {
  // A listener that goes gives the signal its default action back; Node ignores SIGPIPE until then.
  process.once(name, () => {})
  process.removeAllListeners(name)
  process.kill(process.pid, name)
  // No signal of its own ends the first process of a container.
  process.exit(128 + constants.signals[name])
}

/** Resolves when the signal is aborted. */
export async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
}
