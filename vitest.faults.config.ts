/** Faults in many histories: the tests that `npm test` runs in a few, with `TM_FAULTS=long`. */
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/faults/{killed,nodes-killed,os-crash}.test.ts'],
    env: { TM_FAULTS: 'long' },
    globalSetup: ['test/setup/build.ts'],
    testTimeout: 600_000,
    pool: 'forks',
    // Each has processes of its own, several at a time.
    fileParallelism: false,
  },
})
