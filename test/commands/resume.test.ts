/** `tm enqueue --resume`: the same command again makes no second task of what a node has. */
import { writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { masked, run } from './run.ts'
import { makeWorld, type World } from './world.ts'

let world: World
let files: string[]
beforeEach(async () => {
  world = await makeWorld({ nodes: 2 })
  files = Array.from({ length: 20 }, (_, n) => world.file(`f${n}`, `file ${n % 15}`))
})
afterEach(() => world.close())

const enqueue = (given: string[], ...flags: string[]) =>
  run(['enqueue', '-n', '1', ...flags, ...given], world)

async function total(): Promise<number> {
  const states = await Promise.all(world.links.map(({ client }) => client.getState()))
  return states.reduce((sum, { queue }) => sum + queue.queued + queue.succeeded, 0)
}

describe('--resume', () => {
  it('prints the ids of what was enqueued, and enqueues nothing', async () => {
    const first = await enqueue(files)
    const again = await enqueue(files, '--resume')
    expect(again.stdout).toBe(first.stdout)
    expect(masked(again.stderr, world)).toBe(
      '✔ enqueued 20 of 20, N/s (N s)\n20 of them had been enqueued before.\n',
    )
    expect(again.exitCode).toBe(0)
    expect(await total()).toBe(20)
  })

  it('enqueues what is missing, and takes the ids that were meant for it', async () => {
    const first = await enqueue(files.slice(0, 8))
    const again = await enqueue(files, '--resume')
    expect(again.stdout.startsWith(first.stdout)).toBe(true)
    expect(again.stderr).toContain('8 of them')
    expect(await total()).toBe(20)
  })

  it('finds what is done, too', async () => {
    await enqueue(files)
    for (const number of [1, 2]) await world.worker(number).work()
    await enqueue(files, '--resume')
    expect(await total()).toBe(20)
  })

  it('does not take other work for the same: other bytes, iterations or names', async () => {
    const [one = ''] = files
    await enqueue([one])
    await run(['enqueue', '-n', '2', '--resume', one], world)
    writeFileSync(one, 'other')
    await enqueue([one], '--resume')
    await enqueue([world.file('copy', 'other')], '--resume')
    expect(await total()).toBe(4)
  })

  it('makes as many tasks of a file as it is named', async () => {
    const [one = ''] = files
    await enqueue([one, one])
    const again = await enqueue([one, one, one], '--resume')
    expect(new Set(again.stdout.trim().split('\n')).size).toBe(3)
    expect(await total()).toBe(3)
  })

  it('without --resume all of them are enqueued once more', async () => {
    await enqueue(files)
    await enqueue(files)
    expect(await total()).toBe(40)
  })

  it('enqueues nothing while a node is away that may have some', async () => {
    await enqueue(files)
    await world.stopNode(1)
    const { stdout, stderr, exitCode } = await enqueue(files, '--resume')
    expect([stdout, exitCode]).toEqual(['', 1])
    expect(masked(stderr, world)).toContain("Error: node-1 can't say which of the files it has")
  })
})
