/** `tm up` and `tm down` on AWS, killed at every call: too slow to be among the other tests. */
import { defineConfig } from 'vitest/config'
import { shared } from './test/setup/shared.ts'
import { kills } from './test/setup/suites.ts'

export default defineConfig({
  test: {
    ...shared,
    include: kills,
    testTimeout: 300_000,
    // One file has real processes, several at a time.
    fileParallelism: false,
  },
})
