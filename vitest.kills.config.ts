/** `tm up` and `tm down` on AWS, killed at every call: too slow to be among the other tests. */
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/provider/ec2/killed.test.ts'],
    testTimeout: 300_000,
  },
})
