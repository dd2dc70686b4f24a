/**
 * Faults in many histories (`TM_FAULTS=long`), of which `npm test` runs a few; and nodes that are killed
 * in the middle of a loan, which takes a minute of waiting.
 */
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/faults/{killed,loans,nodes-killed,os-crash,reports.property}.test.ts'],
    env: { TM_FAULTS: 'long' },
    globalSetup: ['test/setup/build.ts'],
    testTimeout: 600_000,
    pool: 'forks',
    // Each has processes of its own, several at a time.
    fileParallelism: false,
  },
})
