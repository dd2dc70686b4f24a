/** `tm pull`: the newest results over all nodes, a table for people and tabs for programs. */
import widthOf from 'fast-string-width'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Result } from '../../src/api/client.ts'
import { masked, run, tm, tmJson } from './run.ts'
import { makeWorld, resultOf, type World } from './world.ts'

let world: World
beforeEach(async () => {
  world = await makeWorld({ nodes: 2 })
})
afterEach(() => world.close())

const away = "Warning: node-1 is left out: URL can't be reached: nothing listens there\n"

/** Three tasks: the first done on node-1, then two on node-2, in this order; their ids. */
async function threeResults(): Promise<[string, string, string]> {
  const [one] = await world.enqueue([{ body: 'one', iterations: 1234 }], 1)
  await world.worker(1).work()
  const [two, three] = await world.enqueue([{ body: 'two' }, { body: 'three' }], 2)
  await later()
  await world.worker(2).work()
  return [one, two, three] as [string, string, string]
}

/** Until the clock shows another millisecond: results of one millisecond have no order. */
async function later(): Promise<void> {
  const now = Date.now()
  while (Date.now() === now) await new Promise((resolve) => setImmediate(resolve))
}

describe('piped', () => {
  it('is one line a result, newest first, in full, between tabs', async () => {
    const [one, two, three] = await threeResults()
    const { stdout, stderr, exitCode } = await tm(['pull'], world)
    const rows = stdout.split('\n')
    expect(rows.slice(0, 2).sort()).toEqual(
      [`${two}\t\t1\tNms\t${resultOf('two')}`, `${three}\t\t1\tNms\t${resultOf('three')}`].sort(),
    )
    expect(rows.slice(2)).toEqual([`${one}\t\t1234\tNms\t${resultOf('one', 1234)}`, ''])
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
  })

  it('names the files that were enqueued from here', async () => {
    const file = world.file('a\tb\nc', 'x')
    const { stdout: ids } = await run(['enqueue', '-n', '1', file], world)
    await world.worker(1).work()
    await world.worker(2).work()
    const { stdout } = await tm(['pull'], world)
    expect(stdout).toBe(`${ids.trim()}\tDATA/a b c\t1\tNms\t${resultOf('x')}\n`)
  })

  it('is nothing when there is nothing', async () => {
    expect(await tm(['pull'], world)).toEqual({ stdout: '', stderr: '', exitCode: 0 })
  })
})

describe('on a terminal', () => {
  it('is a table with short results', async () => {
    const [id] = await world.enqueue([{ body: 'one', iterations: 1234 }], 1)
    await world.worker(1).work()
    const { stdout } = await tm(['pull'], { ...world, terminal: true })
    const result = resultOf('one', 1234)
    expect(stdout).toBe(
      `ID                                    FILE  ITERATIONS  TOOK   RESULT
${id}        1,234       N s  ${result.slice(0, 10)}…${result.slice(-10)}
`,
    )
  })

  it('says what to do when there is nothing', async () => {
    const { stdout } = await tm(['pull'], { ...world, terminal: true })
    expect(stdout).toBe('No results yet. See what the cluster is doing: tm health\n')
  })
})

describe('--top', () => {
  it('is 10 unless given, counted over all nodes', async () => {
    await world.enqueue(
      Array.from({ length: 8 }, () => ({})),
      1,
    )
    await world.enqueue(
      Array.from({ length: 8 }, () => ({})),
      2,
    )
    await world.worker(1).work()
    await world.worker(2).work()
    const count = async (argv: string[]) => (await run(argv, world)).stdout.split('\n').length - 1
    expect(await count(['pull'])).toBe(10)
    expect(await count(['pull', '--top', '3'])).toBe(3)
    expect(await count(['pull', '-t', '1000'])).toBe(16)
  })

  it('goes over as many pages as it takes', async () => {
    const ids = await world.enqueue(
      Array.from({ length: 2100 }, (_, n) => ({ body: String(n) })),
      1,
    )
    for (let claims = 0; claims < 3; claims += 1) await world.worker(1).work()
    const { json } = await tmJson<{ results: Result[] }>(['pull', '--top', '2050'], world)
    expect(new Set(json.results.map(({ id }) => id)).size).toBe(2050)
    expect(ids).toEqual(expect.arrayContaining(json.results.map(({ id }) => id)))
  })
})

describe('a terminal of 80 columns', () => {
  const around = () => ({ ...world, terminal: true, columns: 80 })

  it('wraps no row: names and results are shortened in the middle', async () => {
    const names = [
      'a',
      'a-file-with-a-name-that-is-too-long-for-any-table.txt',
      '日本語の長い名前.txt',
    ]
    const files = names.map((name) => world.file(name, name))
    await run(['enqueue', '-n', '1000', ...files], world)
    await world.worker(1).work()
    await world.worker(2).work()
    const { stdout } = await run(['pull'], around())
    const rows = stdout.trimEnd().split('\n')
    expect(rows).toHaveLength(4)
    for (const row of rows) expect(widthOf(row)).toBeLessThanOrEqual(80)
    for (const row of rows.slice(1))
      expect(row).toMatch(/^[0-9a-f-]{36} {2}\S+…\S* .* [0-9a-f]{4,}…[0-9a-f]{4,}$/)
  })

  it('shows names and errors from outside as escapes, and files get them as they are', async () => {
    const file = world.file('bad\x1b[2J\u202ename', 'x')
    const { stdout: id } = await run(['enqueue', '-n', '1', file], world)
    await world.worker(1).work()
    await world.worker(2).work()
    const wide = { ...around(), columns: 400 }
    for (const argv of [['pull'], ['wait', id.trim()], ['status', id.trim()]]) {
      const { stdout } = await run(argv, wide)
      expect(stdout).toContain('1b[2J\\u202ename')
    }
    expect(JSON.parse((await run(['status', id.trim(), '--json'], wide)).stdout).file).toBe(file)
    // The test's own reading of a pipe strips what moves a cursor.
    expect((await run(['pull'], world)).stdout).toContain('bad\u202ename')
  })
})

it('--json has the files that were enqueued here', async () => {
  const file = world.file('one', 'one')
  await run(['enqueue', '-n', '1', file], world)
  await world.worker(1).work()
  await world.worker(2).work()
  const pulled = await tmJson<{ results: { id: string; file: string }[] }>(['pull'], world)
  const id = pulled.json.results[0]?.id ?? ''
  expect(pulled.json.results[0]?.file).toBe(file)
  const waited = await tmJson<{ tasks: { file: string }[] }>(['wait', id], world)
  expect(waited.json.tasks[0]?.file).toBe(file)
  expect((await tmJson<{ file: string }>(['status', id], world)).json.file).toBe(file)
})

it('--json is `{results: [{id, kind, result, iterations, completedAt, attempts, took}]}`', async () => {
  const before = Date.now()
  const [id] = await world.enqueue([{ body: 'one', iterations: 7 }], 1)
  await world.worker(1).work()
  const { json, stderr, exitCode } = await tmJson<{ results: Result[] }>(['pull'], world)
  const completedAt = json.results[0]?.completedAt ?? 0
  expect(json).toEqual({
    results: [
      {
        ...{ id, kind: 'sha512', result: resultOf('one', 7), iterations: 7, completedAt },
        ...{ attempts: 1, took: expect.any(Number) },
      },
    ],
  })
  expect(completedAt).toBeGreaterThanOrEqual(before)
  expect(completedAt).toBeLessThanOrEqual(Date.now())
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
})

it('does not remove what it shows, but it is noted that it was shown', async () => {
  await threeResults()
  const unpulled = async () =>
    (await Promise.all(world.links.map(({ client }) => client.getState()))).reduce(
      (sum, { queue }) => sum + queue.unpulled,
      0,
    )
  expect(await unpulled()).toBe(3)
  const { stdout } = await run(['pull', '--top', '2'], world)
  expect(await unpulled()).toBe(1)
  expect((await run(['pull', '--top', '2'], world)).stdout).toBe(stdout)
  await run(['pull'], world)
  expect(await unpulled()).toBe(0)
})

describe('a node that is away', () => {
  it('is a warning and exit code 1, and the results of the others are shown', async () => {
    const [, two, three] = await threeResults()
    await world.stopNode(1)
    const { stdout, stderr, exitCode } = await run(['pull'], world)
    const ids = stdout.split('\n').map((line) => line.split('\t')[0])
    expect(ids.sort()).toEqual(['', two, three].sort())
    expect(masked(stderr, world)).toBe(away)
    expect(exitCode).toBe(1)
  })

  it('is a warning with --json too: half of the results must not look like all', async () => {
    await threeResults()
    await world.stopNode(1)
    const { json, stderr } = await tmJson<{ results: Result[] }>(['pull'], world)
    expect(json.results).toHaveLength(2)
    expect(stderr).toBe(away)
  })

  it('is a failure when no other is left', async () => {
    await world.stopNode(1)
    await world.stopNode(2)
    expect(await tm(['pull'], world)).toEqual({
      stdout: '',
      stderr: away + away.replace('node-1', 'node-2'),
      exitCode: 1,
    })
  })
})
