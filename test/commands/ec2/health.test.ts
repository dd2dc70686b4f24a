/** Commands that talk to the nodes of a cluster on EC2, when these can't be reached or are not there yet. */
import { afterEach, expect, it } from 'vitest'
import { defaultChoices } from '../../../src/provider/ec2/cluster/choices.ts'
import { writeRecord } from '../../../src/provider/ec2/cluster/record.ts'
import { type Laptop, openLaptop, silent } from './laptop.ts'

let laptop: Laptop
afterEach(() => laptop.close())

const id = '01997a5e-4b7e-7cc2-8f6a-0d3b5b6e9a10'

it('health says what to do about a node that does not answer', async () => {
  laptop = await openLaptop()
  await laptop.up({ nodes: 1, boot: silent })
  expect(await laptop.tm(['health'])).toEqual({
    stdout: `Cluster default is not healthy: 1 node, 0 workers, 0 queued, 0 running, 0 succeeded

● node-1  URL, i-ID
  problem  URL can't be reached: nothing listens there; if your own address has changed: tm allow-ip; if the machine is gone: tm up
`,
    stderr: '',
    exitCode: 1,
  })
  expect((await laptop.tm(['status', id])).stderr).toContain('→ tm up starts a node that is gone\n')
})

it('health says which nodes are not up yet', async () => {
  laptop = await openLaptop()
  const state = laptop.clusterState('x')
  state.create()
  const identity = { region: 'us-east-1', account: '1', arn: 'a', partition: 'aws' }
  writeRecord(state, {
    identity,
    ids: ['node-1'],
    choices: defaultChoices,
    isPublic: true,
    now: 0,
    endsAt: undefined,
  })
  const { stdout, exitCode } = await laptop.tm(['health', '--cluster', 'x'])
  expect(stdout).toContain(
    'problem  it is not up yet: complete the cluster with tm up --cluster x\n',
  )
  expect(exitCode).toBe(1)
})
