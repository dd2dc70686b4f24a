/** `tm explain`: why a task or a job is where it is, in one sentence, with the facts and what to do. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { run, tm, tmJson } from './run.ts'
import { makeWorld, type World } from './world.ts'

let world: World
beforeEach(async () => {
  world = await makeWorld({ settings: { maxAttempts: 1 } })
})
afterEach(() => world.close())

/** The first job of the cluster. */
const begin = () =>
  run(['run', '--detach', '--array', '1-3', '--out', 'x-{n}', 'make {n} > {out}'], world)

it('says what a task waits for, and what would change it', async () => {
  const [id = ''] = await world.enqueue([{ body: 'one' }])
  expect(await tm(['explain', id], world)).toEqual({
    stdout: `Task ${id} on node-1: node-1 may have no worker: its limit is 0.
  waits    N s
  workers  none
  limit    0 workers of node-1
  scaling  backlog 1 and 0 active workers at the limit of 0: no sibling to ask for a loan
  → More workers: tm up --local --max-workers N
`,
    stderr: '',
    exitCode: 0,
  })
})

it('folds what is wider than the terminal', async () => {
  const [id = ''] = await world.enqueue([{ body: 'one' }])
  const { stdout } = await run(['explain', id], { ...world, terminal: true, columns: 60 })
  expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(60)
})

it('takes a job by its number, and one of its tasks', async () => {
  await begin()
  const { stdout, exitCode } = await tm(['explain', '1'], world)
  expect({ stdout, exitCode }).toMatchObject({
    stdout: expect.stringContaining(
      `Job 1 make: 3 tasks wait. The first: node-1 may have no worker: its limit is 0.`,
    ),
    exitCode: 0,
  })
  expect((await tm(['explain', '1:2'], world)).stdout).toContain('Task 2 on node-1: ')
  expect((await tm(['explain', 'last'], world)).stdout).toBe(stdout)
})

it('has words for programs', async () => {
  await begin()
  const { json, exitCode } = await tmJson<object>(['explain', '1'], world)
  expect({ json, exitCode }).toMatchObject({
    json: {
      job: { number: 1, name: 'make' },
      explanations: [{ node: 'node-1', why: 'no-place', facts: { waiting: '3' } }],
    },
    exitCode: 0,
  })
  const of = await tmJson<object>(['explain', '1:3'], world)
  expect(of.json).toMatchObject({ task: { n: 3 }, explanations: [{ why: 'no-place' }] })
})

it('names what failed, and how to go on', async () => {
  const [id = ''] = await world.enqueue([{ body: 'one' }])
  await world.worker().fail('it is broken')
  const { stdout } = await tm(['explain', id.slice(0, 23)], world)
  expect(stdout).toBe(`Task ${id} on node-1: it failed N s ago: it is broken (1 failed attempt).
  worker    w-1
  attempts  1, 1 failed
  → Run it again: tm retry ${id}
`)
})

it('does not know what is not there', async () => {
  const unknown = '01997a5e-4b7e-7cc2-8f6a-0d3b5b6e9a10'
  for (const word of [unknown, '77', 'nothing', '3:1']) {
    const { stderr, exitCode } = await tm(['explain', word], world)
    expect({ stderr, exitCode }).toMatchObject({
      stderr: expect.stringMatching(/^Error: (No node knows the task|There is no job)/),
      exitCode: 1,
    })
  }
})
