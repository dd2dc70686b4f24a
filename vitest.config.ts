import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/setup/longest-first.ts'
import { shared } from './test/setup/shared.ts'
import { e2e, kills, lab, onlyLong } from './test/setup/suites.ts'

/** Tests of what is in `src`, in this process; no build. */
const source = [
  'test/*.test.ts',
  'test/architecture/**/*.test.ts',
  'test/{api,aws,cli,core,kinds,node,state,worker}/**/*.test.ts',
]

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: shared.pool,
    // More than there are cores: the end-to-end tests mostly wait for processes of their own.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: { name: 'source', include: source },
      },
      {
        extends: true,
        test: {
          name: 'built',
          include: ['test/**/*.test.ts'],
          exclude: [...source, ...e2e, ...onlyLong, ...kills, ...lab],
          globalSetup: shared.globalSetup,
        },
      },
    ],
  },
})
