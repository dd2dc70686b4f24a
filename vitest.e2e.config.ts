/** Clusters of real processes: `npm test` has a few of these, this suite the rest. */
import { defineConfig } from 'vitest/config'
import { shared } from './test/setup/shared.ts'
import { e2e } from './test/setup/suites.ts'

export default defineConfig({
  test: {
    ...shared,
    include: e2e,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Each file has clusters of its own, which keep the cores busy.
    maxWorkers: 2,
    // Those in one file that run at once only wait.
    maxConcurrency: 8,
  },
})
