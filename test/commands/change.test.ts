/** `tm cancel` and `tm retry`: tasks on any node, by id, and an exit code that says whether all changed. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ChangeResult } from '../../src/cli/tasks/change-and-show.ts'
import { run, tm, tmJson } from './run.ts'
import { makeWorld, type World } from './world.ts'

const unknown = '01997a5e-4b7e-7cc2-8f6a-0d3b5b6e9a10'

let world: World
beforeEach(async () => {
  world = await makeWorld({ nodes: 2, settings: { maxAttempts: 1 } })
})
afterEach(() => world.close())

const stateOf = async (id: string, n: number) =>
  (await world.link(n).client.getTask({ params: { id } })).state

describe('cancel', () => {
  it('cancels tasks on several nodes, queued or running', async () => {
    const [running = ''] = await world.enqueue([{}], 1)
    await world.worker(1).claim()
    const [queued = ''] = await world.enqueue([{}], 2)
    expect(await tm(['cancel', running, queued], world)).toEqual({
      stdout: `${running}\t\tcancelled\n${queued}\t\tcancelled\n`,
      stderr: '✔ cancelled 2 of 2, N/s (N s)\n',
      exitCode: 0,
    })
    expect([await stateOf(running, 1), await stateOf(queued, 2)]).toEqual([
      'cancelled',
      'cancelled',
    ])
    // Again: they are cancelled, which is what was asked for.
    expect((await tm(['cancel', running, queued], world)).exitCode).toBe(0)
  })

  it('reads ids from standard input, as enqueue prints them, and names their files', async () => {
    const files = ['a', 'b', 'c'].map((name) => world.file(name, name))
    const { stdout: ids } = await run(['enqueue', '-n', '1', ...files], world)
    const { json, exitCode } = await tmJson<ChangeResult>(['cancel', '-'], {
      ...world,
      stdin: ids,
    } as never)
    expect(exitCode).toBe(0)
    expect(json.errors).toEqual([])
    expect(json.tasks.map(({ id, file, state }) => [id, file, state])).toEqual(
      ids
        .trim()
        .split('\n')
        .map((id, index) => [id, files[index], 'cancelled']),
    )
  })

  it('fails when one was not cancelled, and cancels the others', async () => {
    const [done = ''] = await world.enqueue([{}], 1)
    await world.worker(1).work()
    const [queued = ''] = await world.enqueue([{}], 2)
    expect(await tm(['cancel', done, queued, unknown], world)).toEqual({
      stdout: `${queued}\t\tcancelled\n`,
      stderr: `✖ cancelled 1 of 3, N/s (N s)
Error: Task ${done} is succeeded and can't be cancelled
Error: No node knows the task ${unknown}
2 of 3 tasks were not cancelled.
`,
      exitCode: 1,
    })
    expect(await stateOf(done, 1)).toBe('succeeded')
  })

  it('fails when a node did not answer, which may have a task too', async () => {
    const [queued = ''] = await world.enqueue([{}], 1)
    await world.stopNode(2)
    const { stdout, stderr, exitCode } = await tm(['cancel', queued, unknown], world)
    expect(stdout).toBe(`${queued}\t\tcancelled\n`)
    expect(stderr).toContain(`Error: No node that answers knows the task ${unknown}\n`)
    expect(stderr).toContain('Error: node-2 may have some of these tasks and did not answer: URL')
    expect(exitCode).toBe(1)
  })

  it('cancels thousands', async () => {
    const ids = await world.enqueue(
      Array.from({ length: 2500 }, () => ({})),
      2,
    )
    const { stdout, exitCode } = await run(['cancel', '-'], { ...world, stdin: ids.join('\n') })
    expect(exitCode).toBe(0)
    expect(stdout.trimEnd().split('\n')).toHaveLength(2500)
    expect((await world.link(2).client.getState()).queue).toMatchObject({
      queued: 0,
      cancelled: 2500,
    })
  })
})

describe('retry', () => {
  it('queues failed tasks again, on several nodes', async () => {
    const [one = ''] = await world.enqueue([{}], 1)
    await world.worker(1).fail('broken')
    const [two = ''] = await world.enqueue([{}], 2)
    await world.worker(2).fail('broken')
    expect(await tm(['retry', one, two], world)).toEqual({
      stdout: `${one}\t\tqueued\n${two}\t\tqueued\n`,
      stderr: '✔ queued again 2 of 2, N/s (N s)\n',
      exitCode: 0,
    })
    await world.worker(1).work()
    expect(await stateOf(one, 1)).toBe('succeeded')
  })

  it('fails for tasks that have not failed', async () => {
    const [done = ''] = await world.enqueue([{}], 1)
    await world.worker(1).work()
    const { json, exitCode } = await tmJson<ChangeResult>(['retry', done], world)
    const message = `Task ${done} is succeeded: only a failed task can be retried`
    expect(json).toEqual({ tasks: [], errors: [{ id: done, message }] })
    expect(exitCode).toBe(1)
  })
})

it('both need ids that are ids, or a job that there is', async () => {
  const broken = '01997a5e-4b7e-7cc2-8f6a-0d3b5b6e9a1x'
  for (const command of ['cancel', 'retry']) {
    const { stderr, exitCode } = await tm([command, broken], world)
    expect(stderr).toContain(`Error: "${broken}" is not a task id`)
    expect(exitCode).toBe(2)
    const job = await tm([command, 'x'], world)
    expect(job.stderr).toContain('Error: There is no job x')
    expect(job.exitCode).toBe(1)
  }
})
