/** `tm status` and `tm wait`: what became of tasks, wherever they are. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Task } from '../../src/api/client.ts'
import { masked, run, tm, tmJson } from './run.ts'
import { makeWorld, resultOf, type World } from './world.ts'

const unknown = '01997a5e-4b7e-7cc2-8f6a-0d3b5b6e9a10'

let world: World
beforeEach(async () => {
  world = await makeWorld({ nodes: 2, settings: { maxAttempts: 1 } })
})
afterEach(() => world.close())

describe('status', () => {
  it('shows a task that waits', async () => {
    const file = world.file('a', 'x'.repeat(2000))
    const { stdout: id } = await run(['enqueue', '-n', '1000000', file], world)
    expect(await tm(['status', id.trim()], world)).toEqual({
      stdout: `id          ${id.trim()}
file        DATA/a
state       queued
iterations  1,000,000
size        2.0 KiB
attempts    0
enqueued    TIME, N s ago
`,
      stderr: '',
      exitCode: 0,
    })
  })

  it('shows a result, and notes that it was shown', async () => {
    const [id = ''] = await world.enqueue([{ body: 'one', iterations: 3 }], 2)
    await world.worker(2).work()
    expect(await tm(['status', id.toUpperCase()], world)).toEqual({
      stdout: `id          ${id}
state       succeeded
iterations  3
size        3 B
attempts    1
enqueued    TIME, N s ago
started     TIME, N s ago
completed   TIME, N s ago
result      ${resultOf('one', 3)}
`,
      stderr: '',
      exitCode: 0,
    })
    expect((await world.link(2).client.getState()).queue.unpulled).toBe(0)
  })

  it('shows why a task failed', async () => {
    const [id = ''] = await world.enqueue([{ body: 'one' }])
    await world.worker().fail('it is broken')
    const { stdout } = await tm(['status', id], world)
    expect(stdout).toBe(`id          ${id}
state       failed
iterations  1
size        3 B
attempts    1 (1 failed)
enqueued    TIME, N s ago
started     TIME, N s ago
completed   TIME, N s ago
error       it is broken (1 failed attempt)
`)
  })

  it('shows who works on a task', async () => {
    const [id = ''] = await world.enqueue([{ body: 'one' }])
    await world.worker().claim()
    const { stdout } = await tm(['status', id], world)
    expect(stdout).toBe(`id          ${id}
state       running
iterations  1
size        3 B
attempts    1
enqueued    TIME, N s ago
started     TIME, N s ago
worker      w-1
`)
  })

  it('shows when a task is tried again', async () => {
    await world.link().client.changeSettings({ json: { maxAttempts: 2 } })
    const [id = ''] = await world.enqueue([{ body: 'one' }])
    await world.worker().fail('it is broken')
    const { stdout } = await tm(['status', id], world)
    expect(stdout).toContain('state       queued\n')
    expect(stdout).toContain('attempts    1 (1 failed)\n')
    expect(stdout).toContain('next try    in N s\n')
    expect(stdout).toContain('error       it is broken\n')
  })

  it('--json is the task', async () => {
    const [id = ''] = await world.enqueue([{ body: 'one', iterations: 3 }])
    await world.worker().work()
    const { json, stderr, exitCode } = await tmJson<Task>(['status', id], world)
    const { enqueuedAt, startedAt, completedAt } = json
    expect(json).toEqual({
      id,
      state: 'succeeded',
      kind: 'sha512',
      iterations: 3,
      size: 3,
      attempts: 1,
      failures: 0,
      enqueuedAt,
      startedAt,
      completedAt,
      worker: 'w-1',
      result: resultOf('one', 3),
    })
    expect(Number(enqueuedAt) <= Number(startedAt)).toBe(true)
    expect(Number(startedAt) <= Number(completedAt)).toBe(true)
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
  })

  it('fails when no node knows the task', async () => {
    expect(await tm(['status', unknown], world)).toEqual({
      stdout: '',
      stderr: `Error: No node knows the task ${unknown}\n`,
      exitCode: 1,
    })
    const { json, exitCode } = await tmJson(['status', unknown], world)
    const message = `No node knows the task ${unknown}`
    expect(json).toEqual({ error: { code: 'not_found', message } })
    expect(exitCode).toBe(1)
  })

  it('says that a node is not up yet, which an interrupted up has left', async () => {
    const record = world.state.read()
    if (!record) throw new Error('no record')
    const nodes = record.nodes.map(({ id }) => ({ id, url: '' }))
    world.state.write({ ...record, nodes } as typeof record)
    const { stderr, exitCode } = await tm(['status', unknown], world)
    expect(stderr).toContain('node-1 did not answer (it is not up yet), node-2 did not answer')
    expect(exitCode).toBe(1)
    const enqueued = await tm(['enqueue', '-n', '1', '/dev/null'], world)
    expect(enqueued.stderr).toBe(`Warning: node-1 is left out: it is not up yet
Warning: node-2 is left out: it is not up yet
Error: No node of cluster default answers
  → Start the nodes that are gone: tm up --local
  → See which: tm health
`)
  })

  it('says which nodes could not be asked', async () => {
    await world.stopNode(2)
    expect(await tm(['status', unknown], world)).toEqual({
      stdout: '',
      stderr: `Error: No node that answers knows the task ${unknown}; node-2 did not answer (URL can't be reached: nothing listens there)
  → tm up --local starts a node that is gone
  → tm health shows which
`,
      exitCode: 1,
    })
  })
})

describe('wait', () => {
  it('prints the results in the order of the ids, over all nodes', async () => {
    const [a = ''] = await world.enqueue([{ body: 'a' }], 1)
    const [b = '', c = ''] = await world.enqueue([{ body: 'b' }, { body: 'c' }], 2)
    const waiting = tm(['wait', c, a, b], world)
    await world.worker(2).work()
    await world.worker(1).work()
    expect(await waiting).toEqual({
      stdout: `${c}\t\tsucceeded\t${resultOf('c')}
${a}\t\tsucceeded\t${resultOf('a')}
${b}\t\tsucceeded\t${resultOf('b')}
`,
      stderr: '✔ done 3 of 3, N/s (N s)\n',
      exitCode: 0,
    })
  })

  it('reads ids from standard input, as enqueue prints them', async () => {
    const files = [world.file('a', 'a'), world.file('b', 'b')]
    const { stdout: ids } = await run(['enqueue', '-n', '2', ...files], world)
    await world.worker(1).work()
    await world.worker(2).work()
    const [a, b] = ids.split('\n')
    const { stdout, exitCode } = await tm(['wait', '-'], { ...world, stdin: ids })
    expect(stdout).toBe(`${a}\tDATA/a\tsucceeded\t${resultOf('a', 2)}
${b}\tDATA/b\tsucceeded\t${resultOf('b', 2)}
`)
    expect(exitCode).toBe(0)
  })

  it('is a table on a terminal', async () => {
    const [a = '', b = ''] = await world.enqueue([{ body: 'a' }, { body: 'b' }])
    await world.link().client.cancelTask({ params: { id: b } })
    await world.worker().work()
    const { stdout } = await tm(['wait', a, b], { ...world, terminal: true })
    const short = `${resultOf('a').slice(0, 10)}…${resultOf('a').slice(-10)}`
    expect(stdout).toBe(
      `ID                                    FILE  STATE      RESULT
${a}        succeeded  ${short}
${b}        cancelled  cancelled: no reason given
`,
    )
  })

  it('fails when a task failed, and shows the others all the same', async () => {
    const [bad = ''] = await world.enqueue([{ body: 'bad' }], 1)
    await world.worker(1).fail('it is broken')
    const [good = ''] = await world.enqueue([{ body: 'good' }], 1)
    await world.worker(1).work()
    expect(await tm(['wait', bad, good], world)).toEqual({
      stdout: `${bad}\t\tfailed\tfailed: it is broken (1 failed attempt)
${good}\t\tsucceeded\t${resultOf('good')}
`,
      stderr: '✔ done 2 of 2 (N s)\n',
      exitCode: 1,
    })
  })

  it('fails when a task was cancelled', async () => {
    const [id = ''] = await world.enqueue([{ body: 'x' }])
    await world.link().client.cancelTask({ params: { id } })
    const { json, exitCode } = await tmJson<{ tasks: Task[] }>(['wait', id], world)
    expect(json.tasks.map(({ id: one, state }) => [one, state])).toEqual([[id, 'cancelled']])
    expect(exitCode).toBe(1)
  })

  it('--json is `{tasks: […]}`', async () => {
    const [a = '', b = ''] = await world.enqueue([{ body: 'a' }, { body: 'b' }])
    await world.worker().work()
    const { json, stderr, exitCode } = await tmJson<{ tasks: Task[] }>(['wait', b, a, b], world)
    expect(Object.keys(json)).toEqual(['tasks'])
    expect(json.tasks.map(({ id, result }) => [id, result])).toEqual([
      [b, resultOf('b')],
      [a, resultOf('a')],
      [b, resultOf('b')],
    ])
    expect({ stderr, exitCode }).toEqual({ stderr: '✔ done 2 of 2 (N s)\n', exitCode: 0 })
  })

  it('fails at once when all nodes answer and none knows an id', async () => {
    const [id = ''] = await world.enqueue([{ body: 'x' }])
    const other = unknown.replace('0d3b', '0d3c')
    expect(await tm(['wait', id, unknown, other], world)).toEqual({
      stdout: '',
      stderr: `✖ done 0 of 3, N/s (N s)
Error: No node knows the task ${unknown} (and 1 more)
  → See the newest results: tm pull
`,
      exitCode: 1,
    })
  })

  it('goes on while a node is away that may know the task, and says so once', async () => {
    const [id = ''] = await world.enqueue([{ body: 'x' }], 1)
    await world.stopNode(2)
    const waiting = run(['wait', id], world)
    await world.worker(1).work()
    const { stderr, exitCode } = await waiting
    expect(exitCode).toBe(0)
    expect(masked(stderr, world)).toMatch(
      /^(Warning: waiting for node-2 to come back: URL can't be reached: nothing listens there\n)?✔ done 1 of 1(, N\/s)? \(N s\)\n$/,
    )
  })
})
