/** A cluster on instances that boot: needs root and some minutes. Started by `test/lab/enter.ts`. */
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/lab/**/*.test.ts'],
    globalSetup: ['test/setup/build.ts'],
    testTimeout: 300_000,
    hookTimeout: 120_000,
    pool: 'forks',
    // One lab at a time: its addresses are always the same.
    maxWorkers: 1,
  },
})
