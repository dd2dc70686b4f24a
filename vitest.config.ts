import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Minutes of their own, mostly waiting: `npm run test:kills`, which CI runs too.
    exclude: [
      'test/provider/ec2/killed.test.ts',
      'test/commands/ec2/killed.test.ts',
      'test/lab/**',
    ],
    globalSetup: ['test/setup/build.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: 'forks',
    // More than there are cores: the end-to-end tests mostly wait for processes of their own.
    maxWorkers: 3,
  },
})
