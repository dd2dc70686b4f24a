/** Inside of a machine of `test/vm`: one file, without a build. */
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/vm/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    pool: 'forks',
  },
})
