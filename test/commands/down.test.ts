/** `tm down`: removes what there is, and asks before it removes what nobody has seen yet. */
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { run, tm, tmJson } from './run.ts'
import { makeWorld, type World } from './world.ts'

const asked: { message: string }[] = []
let answer = false
vi.mock('@inquirer/prompts', () => ({
  confirm: async (question: { message: string }) => {
    asked.push(question)
    return answer
  },
}))

let world: World
beforeEach(async () => {
  world = await makeWorld({ nodes: 2 })
  asked.length = 0
  answer = false
})
afterEach(() => world.close())

const gone = `✔ data removed: DATA/clusters/default (N s)
No process of cluster default is left.
`
const kept = () => existsSync(world.state.path('secret'))

/** Two results on node-1 that were never pulled, and one task on node-2 that is not done. */
async function work(): Promise<void> {
  await world.enqueue([{}, {}], 1)
  await world.worker(1).work()
  await world.enqueue([{}], 2)
}

const loss = '2 results never pulled, 1 task not done'
const refusal = `Error: Nothing was removed: ${loss}
  → Fetch the results first: tm pull --top 2 > results.tsv
  → Keep queue and results on disk: tm down --keep-data
  → Remove it anyway: tm down --yes
`

describe('with nothing to lose', () => {
  it('removes the folder without a question, and may be run again', async () => {
    expect(await tm(['down'], world)).toEqual({ stdout: '', stderr: gone, exitCode: 0 })
    expect(world.state.exists()).toBe(false)
    expect(await tm(['down'], world)).toEqual({
      stdout: '',
      stderr: `EC2 was not looked at: AWS is not set up on this machine.
Nothing is left of cluster default.
`,
      exitCode: 0,
    })
  })

  it('does not ask for what was pulled', async () => {
    await world.enqueue([{}, {}], 1)
    await world.worker(1).work()
    await run(['pull'], world)
    expect((await tm(['down'], world)).stderr).toBe(gone)
    expect(asked).toEqual([])
  })

  it('--json is `{cluster, removed, remaining}`', async () => {
    expect(await tmJson(['down'], world)).toEqual({
      json: { cluster: 'default', removed: [], remaining: [] },
      stderr: gone,
      exitCode: 0,
    })
  })
})

describe('with something to lose', () => {
  it('refuses without a terminal, and says what would be lost and what to do', async () => {
    await work()
    expect(await tm(['down'], world)).toEqual({
      stdout: '',
      stderr: `Down removes: ${loss}.\n${refusal}`,
      exitCode: 1,
    })
    expect(kept()).toBe(true)
    expect(asked).toEqual([])
  })

  it('refuses with --json, where nobody can be asked', async () => {
    await work()
    const around = { ...world, terminal: true }
    expect(await tmJson(['down'], around)).toEqual({
      json: {
        error: {
          code: 'failed',
          message: `Nothing was removed: ${loss}`,
          suggestions: [
            'Fetch the results first: tm pull --top 2 > results.tsv',
            'Keep queue and results on disk: tm down --keep-data',
            'Remove it anyway: tm down --yes',
          ],
        },
      },
      stderr: `Down removes: ${loss}.\n`,
      exitCode: 1,
    })
    expect(kept()).toBe(true)
  })

  it('goes on with --yes', async () => {
    await work()
    expect(await tm(['down', '--yes'], world)).toEqual({ stdout: '', stderr: gone, exitCode: 0 })
    expect(world.state.exists()).toBe(false)
    expect(asked).toEqual([])
  })

  it('asks on a terminal, and stops at no', async () => {
    await work()
    expect(await tm(['down'], { ...world, terminal: true })).toEqual({
      stdout: '',
      stderr: `Down removes: ${loss}.\n${refusal}`,
      exitCode: 1,
    })
    expect(asked).toEqual([{ message: 'Continue?', default: false }])
    expect(kept()).toBe(true)
  })

  it('asks on a terminal, and goes on at yes', async () => {
    await work()
    answer = true
    expect(await tm(['down'], { ...world, terminal: true })).toEqual({
      stdout: '',
      stderr: `Down removes: ${loss}.\n${gone}`,
      exitCode: 0,
    })
    expect(asked).toHaveLength(1)
    expect(world.state.exists()).toBe(false)
  })

  it('keeps the data with --keep-data, without a question', async () => {
    await work()
    expect(await tm(['down', '--keep-data'], world)).toEqual({
      stdout: '',
      stderr: `✔ data kept: DATA/clusters/default (N s)
No process of cluster default is left.
`,
      exitCode: 0,
    })
    expect(kept()).toBe(true)
  })
})

it('suggests to pull all results: those never pulled may be older than others', async () => {
  await world.enqueue([{}, {}, {}], 1)
  await world.worker(1).work()
  await run(['pull', '--top', '1'], world)
  const { stderr } = await tm(['down'], world)
  expect(stderr).toContain('Error: Nothing was removed: 2 results never pulled\n')
  expect(stderr).toContain('  → Fetch the results first: tm pull --top 3 > results.tsv\n')
})

describe('what can not be known', () => {
  it('is whatever is on a node that does not answer', async () => {
    await world.stopNode(2)
    expect(await tm(['down'], world)).toEqual({
      stdout: '',
      stderr: `Down removes: whatever is on node-2, which did not answer.
Error: Nothing was removed: whatever is on node-2, which did not answer
  → Keep queue and results on disk: tm down --keep-data
  → Remove it anyway: tm down --yes
`,
      exitCode: 1,
    })
    expect(kept()).toBe(true)
  })

  it.each(['damaged', 'gone'])('is not nothing when the list of nodes is %s', async (how) => {
    const file = world.state.path('cluster.json')
    if (how === 'gone') rmSync(file)
    else writeFileSync(file, '{')
    const { stderr, exitCode } = await tm(['down'], world)
    expect(stderr).toContain(
      'Down removes: whatever is on node-1 and node-2, which did not answer.\n',
    )
    expect(exitCode).toBe(1)
    expect(kept()).toBe(true)
    expect((await tm(['down', '--yes'], world)).stderr).toBe(gone)
  })
})

it('suggests commands for the cluster it was called for', async () => {
  const other = await makeWorld({ cluster: 'other' })
  try {
    await other.enqueue([{}])
    const { stderr } = await tm(['down', '--cluster', 'other'], other)
    expect(stderr).toBe(`Down removes: 1 task not done.
Error: Nothing was removed: 1 task not done
  → Keep queue and results on disk: tm down --keep-data --cluster other
  → Remove it anyway: tm down --yes --cluster other
`)
  } finally {
    await other.close()
  }
})
