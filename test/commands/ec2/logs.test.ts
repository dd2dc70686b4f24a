/** `tm logs` on EC2: from the node, and from the console of a machine that does not answer. */
import { rmSync } from 'node:fs'
import { afterEach, expect, it } from 'vitest'
import { makeWorld, type World } from '../world.ts'
import { type Laptop, openLaptop, silent } from './laptop.ts'

let laptop: Laptop
let world: World | undefined
afterEach(async () => {
  await world?.close()
  world = undefined
  await laptop.close()
})

const instanceOf = (n = 0) => laptop.standin.instances()[n]?.id ?? ''

it('has what a worker has told its node, also after its end', async () => {
  laptop = await openLaptop()
  world = await makeWorld({ nodes: 1 })
  const { dataDir, state, links, worker } = world
  rmSync(state.path('cluster.json'))
  const [node] = links
  await laptop.up({
    state,
    nodes: 1,
    boot: async ([machine]) => (node ? [{ ...node, instance: machine?.instance ?? '' }] : []),
  })
  const { client } = worker()
  await client.heartbeat({
    params: { id: 'w-1' },
    json: { slots: 1, running: 0, draining: false, log: ['{"msg":"working"}'] },
  })
  await client.workerDown({
    params: { instance_id: 'w-1' },
    json: { id: 'w-1', log: ['{"msg":"stopped"}'] },
  })
  expect(await laptop.tm(['logs', 'w-1'], { dataDir })).toEqual({
    stdout: '{"msg":"working"}\n{"msg":"stopped"}\n',
    stderr: 'w-1 has ended.\n',
    exitCode: 0,
  })
  const { stderr, exitCode } = await laptop.tm(['logs', 'node-7'], { dataDir })
  expect(stderr).toContain('Error: There is no log of "node-7"\n  → Did you mean tm logs node-1?\n')
  expect(exitCode).toBe(1)
})

it('has the console of a machine that does not answer', async () => {
  laptop = await openLaptop()
  await laptop.up({ nodes: 1, boot: silent })
  laptop.standin.setConsole(instanceOf(), "boot\ntm: Node can't be installed\n")
  const { stdout, stderr, exitCode } = await laptop.tm(['logs', 'node-1', '--lines', '1'])
  expect(stdout).toBe("tm: Node can't be installed\n")
  expect(stderr).toMatch(/^Warning: node-1: URL can't be reached: nothing listens there\n/)
  expect(stderr).toContain('No node has a log of node-1. i-ID is running; its console:\n')
  expect(exitCode).toBe(0)
  const { json } = await laptop.json<{ from: string; lines: string[] }>(['logs', 'node-1'])
  expect(json).toMatchObject({ from: 'console', lines: ['boot', "tm: Node can't be installed"] })
})

it('has it from another machine too, which has no token of the nodes', async () => {
  laptop = await openLaptop()
  await laptop.up({ nodes: 1, boot: silent })
  laptop.standin.setConsole(instanceOf(), 'tm: starting the program\n')
  const { stdout } = await laptop.other().tm(['logs', 'node-1', '--region', 'us-east-1'])
  expect(stdout).toBe('tm: starting the program\n')
})

it('says how to open a shell where the programs for it are missing', async () => {
  laptop = await openLaptop()
  await laptop.up({ nodes: 1, boot: silent })
  const env = { ...laptop.env, PATH: '/nowhere' }
  expect(await laptop.tm(['logs', 'node-1', '--ssm'], { env })).toEqual({
    stdout: 'aws ssm start-session --target i-ID --region us-east-1\n',
    stderr: 'To run it, install aws and session-manager-plugin.\n',
    exitCode: 0,
  })
})
