/** `tm enqueue`: a task of each file that can be read, ids in their order, and what is wrong named. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Task } from '../../src/api/client.ts'
import { masked, run, tm, tmJson } from './run.ts'
import { makeWorld, resultOf, type World } from './world.ts'

let world: World
beforeEach(async () => {
  world = await makeWorld({ nodes: 2 })
})
afterEach(() => world.close())

const lines = (text: string) => text.split('\n').slice(0, -1)

/** What every node has of these tasks: their sizes tell which file it was. */
async function sizesOf(ids: string[]): Promise<(number | undefined)[]> {
  const tasks = (
    await Promise.all(
      world.links.map(async ({ client }) => (await client.lookupTasks({ json: { ids } })).tasks),
    )
  ).flat()
  return ids.map((id) => tasks.find((task) => task.id === id)?.size)
}

describe('ids', () => {
  it('come one a line, in the order of the files', async () => {
    const files = Array.from({ length: 30 }, (_, n) => world.file(`f${n}`, 'x'.repeat(n)))
    const { stdout, stderr, exitCode } = await run(['enqueue', '-n', '3', ...files], world)
    expect(exitCode).toBe(0)
    expect(masked(stderr, world)).toBe('✔ enqueued 30 of 30, N/s (N s)\n')
    expect(lines(stdout)).toHaveLength(30)
    expect(await sizesOf(lines(stdout))).toEqual(files.map((_, n) => n))
  })

  it('are `{tasks: [{id, file}]}` with --json', async () => {
    const files = [world.file('a', 'a'), world.file('b', 'bb')]
    const { json, stderr, exitCode } = await tmJson<{ tasks: { id: string; file: string }[] }>(
      ['enqueue', '-n', '1', ...files],
      world,
    )
    const [a, b] = json.tasks.map(({ id }) => id)
    expect(json).toEqual({
      tasks: [
        { id: a, file: files[0] },
        { id: b, file: files[1] },
      ],
      errors: [],
    })
    expect(await sizesOf([a ?? '', b ?? ''])).toEqual([1, 2])
    expect({ stderr, exitCode }).toEqual({
      stderr: '✔ enqueued 2 of 2, N/s (N s)\n',
      exitCode: 0,
    })
  })

  it('keep the order when a file is named twice', async () => {
    const files = [world.file('b', 'bb'), world.file('a', 'a')] as const
    const { stdout } = await run(['enqueue', files[0], '-n', '1', files[1], files[0]], world)
    expect(await sizesOf(lines(stdout))).toEqual([2, 1, 2])
  })

  it('are different for a file that is named twice', async () => {
    const file = world.file('a', 'a')
    const { stdout } = await run(['enqueue', '-n', '1', file, file], world)
    expect(new Set(lines(stdout)).size).toBe(2)
  })
})

describe('standard input', () => {
  it('is one task, with the bytes as they are', async () => {
    const body = 'bytes\0 and \r\n lines\n'
    const around = { ...world, stdin: body }
    const { stdout, exitCode } = await run(['enqueue', '-n', '2', '-'], around)
    await world.worker(1).work()
    await world.worker(2).work()
    expect(exitCode).toBe(0)
    const [task] = (
      await world.link(1).client.lookupTasks({ json: { ids: lines(stdout) } })
    ).tasks.concat((await world.link(2).client.lookupTasks({ json: { ids: lines(stdout) } })).tasks)
    expect(task?.result).toBe(resultOf(body, 2))
  })

  it('may be empty', async () => {
    const { stdout, exitCode } = await run(['enqueue', '-n', '1', '-'], world)
    expect(exitCode).toBe(0)
    expect(await sizesOf(lines(stdout))).toEqual([0])
  })

  it('is bounded too', async () => {
    await Promise.all(
      world.links.map(({ client }) => client.changeSettings({ json: { maxBody: 4 } })),
    )
    expect(await tm(['enqueue', '-n', '1', '-'], { ...world, stdin: '12345' })).toEqual({
      stdout: '',
      stderr: `Error: standard input is over the limit of 4 B
✖ enqueued 0 of 1, N/s (N s)
1 of 1 files were not enqueued.
`,
      exitCode: 1,
    })
  })
})

/** As root every file can be read, whatever its mode: these can't be read by anybody. */
describe('a file that can not be read', () => {
  it('is named, the others go through, and the exit code is 1', async () => {
    const good = [world.file('a', 'a'), world.file('b', 'bb')] as const
    const dangling = join(world.dataDir, 'dangling')
    symlinkSync(join(world.dataDir, 'nowhere'), dangling)
    const folder = join(world.dataDir, 'folder')
    mkdirSync(folder)
    const below = `${good[0]}/below`
    const missing = join(world.dataDir, 'missing')
    const loop = join(world.dataDir, 'loop')
    symlinkSync(loop, loop)

    const pipe = join(world.dataDir, 'pipe')
    execFileSync('mkfifo', [pipe])

    const bad = [pipe, dangling, folder, below, missing, loop]
    const argv = ['enqueue', '-n', '1', ...bad, ...good]
    const { stdout, stderr, exitCode } = await run(argv, world)
    expect(await sizesOf(lines(stdout))).toEqual([1, 2])
    expect(
      masked(stderr, world),
    ).toBe(`Error: DATA/pipe is a pipe, which is read only if it is the only file
Error: DATA/dangling: there is no such file
Error: DATA/folder is a directory; name its files: DATA/folder/*
Error: DATA/a/below: there is no such file
Error: DATA/missing: there is no such file
Error: DATA/loop: ELOOP: too many symbolic links encountered, stat 'DATA/loop'
✖ enqueued 2 of 8, N/s (N s)
6 of 8 files were not enqueued.
`)
    expect(exitCode).toBe(1)
  })

  it('is among the errors of --json, and on stderr', async () => {
    const good = world.file('a', 'a')
    const missing = join(world.dataDir, 'missing')
    const argv = ['enqueue', '-n', '1', missing, good]
    const { json, stderr, exitCode } = await tmJson<{ tasks: { id: string }[] }>(argv, world)
    expect(json).toEqual({
      tasks: [{ id: json.tasks[0]?.id, file: good }],
      errors: [{ file: missing, message: `${missing}: there is no such file` }],
    })
    expect(stderr).toBe(`Error: DATA/missing: there is no such file
✖ enqueued 1 of 2, N/s (N s)
1 of 2 files were not enqueued.
`)
    expect(exitCode).toBe(1)
  })

  it('is all there is', async () => {
    const missing = join(world.dataDir, 'missing')
    expect(await tm(['enqueue', '-n', '1', '--wait', missing], world)).toEqual({
      stdout: '',
      stderr: `Error: DATA/missing: there is no such file
✖ enqueued 0 of 1, N/s (N s)
1 of 1 files were not enqueued.
`,
      exitCode: 1,
    })
  })
})

describe('a file over the limit', () => {
  it('is refused before anything of it is sent, by the smallest limit there is', async () => {
    await world.link(2).client.changeSettings({ json: { maxBody: 10 } })
    const fits = world.file('fits', '1234567890')
    const large = world.file('large', '12345678901')
    const { stdout, stderr, exitCode } = await run(['enqueue', '-n', '1', large, fits], world)
    expect(await sizesOf(lines(stdout))).toEqual([10])
    expect(masked(stderr, world)).toBe(`Error: DATA/large has 11 B, over the limit of 10 B
✖ enqueued 1 of 2, N/s (N s)
1 of 2 files were not enqueued.
`)
    expect(exitCode).toBe(1)
    const states = await Promise.all(world.links.map(({ client }) => client.getState()))
    expect(states.reduce((sum, { queue }) => sum + queue.queued, 0)).toBe(1)
  })
})

describe('a node that is gone', () => {
  it('is left out with a warning, and the others take everything', async () => {
    await world.stopNode(1)
    const files = [world.file('a', 'a'), world.file('b', 'bb'), world.file('c', 'ccc')]
    const { stdout, stderr, exitCode } = await run(['enqueue', '-n', '1', ...files], world)
    const tasks = (await world.link(2).client.lookupTasks({ json: { ids: lines(stdout) } })).tasks
    expect(tasks.map(({ size }) => size).sort()).toEqual([1, 2, 3])
    expect(masked(stderr, world)).toBe(
      `Warning: node-1 is left out: URL can't be reached: nothing listens there
✔ enqueued 3 of 3, N/s (N s)
`,
    )
    expect(exitCode).toBe(0)
  })

  it('that drains sends its tasks to the others', async () => {
    await world.link(1).client.drain()
    const files = [world.file('a', 'a'), world.file('b', 'bb')]
    const { stdout, stderr, exitCode } = await run(['enqueue', '-n', '1', ...files], world)
    expect(
      (await world.link(2).client.lookupTasks({ json: { ids: lines(stdout) } })).tasks.length,
    ).toBe(2)
    expect(stderr).toContain(
      'Warning: node-1 is left out: This node is draining and takes no tasks\n',
    )
    expect(exitCode).toBe(0)
  })

  it('leaves nothing to try when it is the last one', async () => {
    await world.stopNode(1)
    await world.stopNode(2)
    expect(await tm(['enqueue', '-n', '1', world.file('a', 'a')], world)).toEqual({
      stdout: '',
      stderr: `Warning: node-1 is left out: URL can't be reached: nothing listens there
Warning: node-2 is left out: URL can't be reached: nothing listens there
Error: No node of cluster default answers
  → Start the nodes that are gone: tm up --local
  → See which: tm health
`,
      exitCode: 1,
    })
  })

  it('says how many were taken when all nodes refuse in the middle', async () => {
    await Promise.all(world.links.map(({ client }) => client.drain()))
    const { stdout, stderr, exitCode } = await tm(
      ['enqueue', '-n', '1', world.file('a', 'a')],
      world,
    )
    expect(stdout).toBe('')
    expect(lines(stderr).sort()).toEqual([
      '  → Try another node of the cluster.',
      'Error: This node is draining and takes no tasks. 0 of 1 files were enqueued.',
      'Warning: node-1 is left out: This node is draining and takes no tasks',
      'Warning: node-2 is left out: This node is draining and takes no tasks',
      '✖ enqueued 0 of 1, N/s (N s)',
    ])
    expect(exitCode).toBe(1)
  })
})

it('remembers which task was which file, for nobody else to read', async () => {
  const file = world.file('a', 'a')
  const { stdout } = await run(['enqueue', '-n', '1', file], world)
  expect(existsSync(world.state.path('files.jsonl'))).toBe(true)
  const line = readFileSync(world.state.path('files.jsonl'), 'utf8').trim()
  expect(JSON.parse(line)).toEqual([
    stdout.trim(),
    file,
    expect.stringMatching(/^[\w-]{22}$/),
    expect.stringMatching(/^node-[12]$/),
  ])
})

describe('--wait', () => {
  let busy: World
  beforeEach(async () => {
    busy = await makeWorld({ nodes: 2, workers: 'real', settings: { idleTimeout: 60_000 } })
  })
  afterEach(() => busy.close())

  it('prints the results in the order of the files, with a real worker', async () => {
    const files = [busy.file('a', 'alpha'), busy.file('b', ''), busy.file('c', 'gamma')]
    const argv = ['enqueue', '-n', '1000', '--wait', ...files]
    const { stdout, stderr, exitCode } = await run(argv, busy)
    const rows = lines(stdout).map((line) => line.split('\t'))
    expect(rows.map(([, ...rest]) => rest)).toEqual([
      [files[0], 'succeeded', resultOf('alpha', 1000)],
      [files[1], 'succeeded', resultOf('', 1000)],
      [files[2], 'succeeded', resultOf('gamma', 1000)],
    ])
    expect(masked(stderr, busy)).toBe('✔ enqueued 3 of 3, N/s (N s)\n✔ done 3 of 3, N/s (N s)\n')
    expect(exitCode).toBe(0)
  })

  it('gives the tasks with their files in --json', async () => {
    const file = busy.file('a', 'alpha')
    const missing = join(busy.dataDir, 'missing')
    const { json, exitCode } = await tmJson<{ tasks: (Task & { file: string })[] }>(
      ['enqueue', '-n', '1', '--wait', missing, file],
      busy,
    )
    expect(json.tasks.map(({ file: name, state, result }) => ({ name, state, result }))).toEqual([
      { name: file, state: 'succeeded', result: resultOf('alpha') },
    ])
    expect(exitCode).toBe(1)
  })
})
