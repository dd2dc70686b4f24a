import { expect, it } from 'vitest'
import { streamLimits } from '../../../../src/worker/runners/command/stream-limits.ts'

const GiB = 1024 ** 3

it('what is kept whole is limited by --max-output, and what is shown or thrown away by 1 GiB', () => {
  const limits = (job: object) => streamLimits({ maxOutput: 1000, ...job })
  expect(limits({})).toEqual({ stdout: GiB, stderr: GiB })
  expect(limits({ stdout: ['x'], stderr: ['y'] })).toEqual({ stdout: 1000, stderr: 1000 })
  expect(limits({ stdout: ['x'], maxStdout: 10 })).toEqual({ stdout: GiB, stderr: GiB })
  expect(limits({ maxOutput: 3 * GiB })).toEqual({ stdout: 3 * GiB, stderr: 3 * GiB })
})
