/** `tm up` and `tm down` on AWS, killed at every call: too slow to be among the other tests. */
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/provider/ec2/killed.test.ts', 'test/commands/ec2/killed.test.ts'],
    globalSetup: ['test/setup/build.ts'],
    testTimeout: 300_000,
    pool: 'forks',
    // One file has real processes, several at a time.
    fileParallelism: false,
  },
})
