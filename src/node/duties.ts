/** What a node does again and again. A duty that fails is logged once, shown by `tm health`, and tried again. */
import { messageOf } from '../core/errors.ts'
import { type Loop, startLoop } from '../runtime/loop.ts'

export interface DutiesOptions {
  /** Those that fail, and why: kept here. */
  failing: Map<string, string>
  /** Milliseconds between the end of one step and the next. */
  everyMs: () => number
  onError: (what: string, error: unknown) => void
}

/** By name. Each goes at its own pace. */
export function startDuties(
  duties: Record<string, () => Promise<unknown>>,
  { failing, everyMs, onError }: DutiesOptions,
): Loop[] {
  return Object.entries(duties).map(([name, step]) =>
    startLoop(
      async () => {
        await step()
        failing.delete(name)
      },
      {
        everyMs,
        onError(error) {
          if (!failing.has(name)) onError(`${name} fails`, error)
          failing.set(name, messageOf(error))
        },
      },
    ),
  )
}
