/** Runs the steps and shows nothing. */
import type { Reporter } from '../../src/core/progress.ts'

export const silentReporter: Reporter = {
  say: () => {},
  step: async (_, work) => await work(() => {}),
  count: () => ({ set() {}, from() {}, end() {} }),
  status: () => ({ width: Infinity, dueInMs: () => 60_000, show() {}, end() {} }),
}
