/** A job whose tasks run `true`, and keep what it writes to stdout: nothing. */
import type { Job } from '../src/kinds/command/job.ts'

export const trueJob: Job = {
  run: { script: 'true' },
  input: 'none',
  env: {},
  outputs: [],
  stdout: ['stdout'],
  okExit: [0],
  retries: 0,
  grace: 1000,
  maxOutput: 1024 ** 2,
}
