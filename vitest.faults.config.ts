/**
 * Faults in many histories (`TM_FAULTS=long`), of which `npm run test:e2e` runs a few; and nodes that are killed
 * in the middle of a loan, which takes a minute of waiting.
 */
import { defineConfig } from 'vitest/config'
import { shared } from './test/setup/shared.ts'
import { alsoShort, onlyLong } from './test/setup/suites.ts'

export default defineConfig({
  test: {
    ...shared,
    include: [...onlyLong, ...alsoShort],
    env: { TM_FAULTS: 'long' },
    testTimeout: 600_000,
    // Each has processes of its own, several at a time.
    fileParallelism: false,
  },
})
