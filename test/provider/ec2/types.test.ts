/** What instance types have for tasks, as EC2 describes them. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { largestWorker } from '../../../src/provider/ec2/machines/largest-worker.ts'
import { describeTypes } from '../../../src/provider/ec2/machines/types.ts'
import { type Account, openAccount } from './account.ts'

let account: Account
beforeEach(async () => {
  account = await openAccount()
})
afterEach(() => account.close())

it('processors, memory, and GPUs where they have some', async () => {
  const types = await describeTypes(account.aws, ['g5.xlarge', 't3.small'])
  expect(types).toMatchObject([
    { type: 'g5.xlarge', architecture: 'x86_64', vcpus: 4, memory: 16 * 1024 ** 3, gpus: 1 },
    { type: 't3.small', architecture: 'x86_64', vcpus: 2, memory: 2 * 1024 ** 3 },
  ])
  expect(types[1]).not.toHaveProperty('gpus')
  const shape = { types, volumeSize: 8 } as Parameters<typeof largestWorker>[0]
  expect(largestWorker(shape)).toMatchObject({ cpus: 4, gpus: 1 })
  expect(largestWorker({ ...shape, types: types.slice(1) })).not.toHaveProperty('gpus')
})
