/** A cluster on instances that boot: needs root and some minutes. Started by `test/lab/enter.ts`. */
import { defineConfig } from 'vitest/config'
import { shared } from './test/setup/shared.ts'
import { lab } from './test/setup/suites.ts'

export default defineConfig({
  test: {
    ...shared,
    include: lab,
    testTimeout: 300_000,
    hookTimeout: 120_000,
    // One lab at a time: its addresses are always the same.
    maxWorkers: 1,
  },
})
