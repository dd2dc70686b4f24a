import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Minutes of their own, mostly waiting: `npm run test:kills` and `npm run test:lab`; CI runs both.
    // Of test/faults most has a short form, which runs here, and a long one: `npm run test:faults`.
    exclude: [
      'test/{provider,commands}/ec2/killed.test.ts',
      'test/lab/**',
      'test/faults/loans.test.ts',
    ],
    globalSetup: ['test/setup/build.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: 'forks',
    // More than there are cores: the end-to-end tests mostly wait for processes of their own.
    maxWorkers: 3,
  },
})
