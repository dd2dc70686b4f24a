/** What `tm run` makes of its arguments, for tests. */

import { planRun } from '../../../src/cli/jobs/run.ts'
import { oneCpu, type Resources } from '../../../src/core/resources.ts'
import { silentReporter } from '../../support/silent-reporter.ts'

const reporter = silentReporter
const limits = { okExit: [0], retries: 0, grace: 1000, maxOutput: 1024 }

export interface Asked {
  line?: string
  argv?: string[]
  files?: string[]
  perTask?: number
  inPlace?: boolean
  sweeps?: string[]
  json?: string
  outputs?: string[]
  stdout?: string
  to?: string
  needs?: Resources
}

export function plan({
  line,
  argv,
  files = [],
  perTask,
  inPlace = false,
  sweeps = [],
  json,
  outputs = [],
  stdout,
  to = '.',
  needs = oneCpu,
}: Asked) {
  const command = argv ? { argv } : { line: line ?? 'true' }
  return planRun(
    {
      wanted: { command, outputs, optionalOutputs: [], stdout, env: {}, needs, limits },
      sources: { files, perTask, inPlace, sweeps, json },
      name: undefined,
      failFast: undefined,
      canary: false,
      to,
      overwrite: false,
      maxStdout: undefined,
      detach: false,
      reporter,
      onSent: () => {},
      print: async () => true,
    },
    7,
  )
}
