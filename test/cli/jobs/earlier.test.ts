/** Which tasks of earlier jobs `tm run --resume` takes. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type EarlierTask, findEarlier } from '../../../src/cli/jobs/earlier.ts'
import type { TaskValues } from '../../../src/cli/jobs/values.ts'
import { createKeys } from '../../../src/kinds/command/key.ts'
import type { NodeLink } from '../../../src/state/cluster-nodes.ts'
import { silentReporter } from '../../support/silent-reporter.ts'
import { plan } from './planned.ts'

const { job } = plan({ line: 'wc {in}', files: ['a'] }).definition

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tm-earlier-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const values = (n: number): TaskValues => ({ values: { n: String(n) } })
const keyOf = (task: TaskValues, body = new Uint8Array()) =>
  createKeys(job).next({ values: task.values, body })

/** A node that has these tasks. */
function nodeWith(id: string, ...tasks: Partial<EarlierTask>[]): NodeLink {
  const lookupTasksByKey = async ({ json: { keys } }: { json: { keys: string[] } }) => ({
    tasks: tasks.filter(({ key = '' }) => keys.includes(key)),
  })
  return { id, url: id, client: { lookupTasksByKey } as unknown as NodeLink['client'] }
}

const find = (tasks: TaskValues[], ...nodes: NodeLink[]) =>
  findEarlier({ job, tasks, nodes, maxBody: 100, reporter: silentReporter })

const placesIn = async (tasks: TaskValues[], ...nodes: NodeLink[]) =>
  [...(await find(tasks, ...nodes)).tasks].map(([place, { id }]) => [place, id])

describe('--resume', () => {
  it('takes of each task what is most done, on any node', async () => {
    const key = [1, 2, 3].map((n) => keyOf(values(n)))
    const a = nodeWith(
      'a',
      { key: key[0] as string, id: 'queued', state: 'queued' },
      { key: key[1] as string, id: 'done', state: 'succeeded' },
    )
    const b = nodeWith(
      'b',
      { key: key[0] as string, id: 'running', state: 'running' },
      { key: key[1] as string, id: 'also queued', state: 'queued' },
    )
    const tasks = [values(1), values(2), values(3)]
    const found = [
      [0, 'running'],
      [1, 'done'],
    ]
    expect(await placesIn(tasks, a, b)).toEqual(found)
    expect(await placesIn(tasks, b, a)).toEqual(found)
  })

  it('does not take a result with an exit code that is no success now', async () => {
    const one = { key: keyOf(values(1)), id: 'x', state: 'succeeded' } as const
    expect(await placesIn([values(1)], nodeWith('a', { ...one, exit: 1 }))).toEqual([])
    expect(await placesIn([values(1)], nodeWith('a', { ...one, exit: 0 }))).toEqual([[0, 'x']])
  })

  it('knows an input by its bytes, and leaves out what it can not read', async () => {
    const body = new TextEncoder().encode('bytes')
    const file = join(folder, 'any name')
    writeFileSync(file, body)
    const task = { file, values: {} }
    const node = nodeWith('a', { key: keyOf(task, body), id: 'x', state: 'succeeded' })
    const gone = { file: join(folder, 'gone'), values: {} }
    expect(await placesIn([gone, task, gone], node)).toEqual([[1, 'x']])
    writeFileSync(file, 'other')
    expect(await placesIn([gone, task], node)).toEqual([])
  })

  it('keeps the input of an only task, which may be a pipe', async () => {
    const file = join(folder, 'f')
    writeFileSync(file, 'once')
    const { body } = await find([{ file, values: {} }], nodeWith('a'))
    expect(body && Buffer.from(body).toString()).toBe('once')
    expect((await find([values(1), values(2)], nodeWith('a'))).body).toBeUndefined()
  })

  it('asks for thousands in steps', async () => {
    const tasks = Array.from({ length: 2500 }, (_, n) => values(n))
    const steps: number[] = []
    const node = nodeWith('a')
    const { lookupTasksByKey } = node.client
    node.client.lookupTasksByKey = async (request) => {
      steps.push(request.json.keys.length)
      return await lookupTasksByKey(request)
    }
    await find(tasks, node)
    expect(steps).toEqual([1000, 1000, 500])
  })

  it('takes nothing while a node does not answer', async () => {
    const away = nodeWith('away')
    away.client.lookupTasksByKey = async () => {
      throw new Error('no answer')
    }
    const known = { key: keyOf(values(1)), id: 'x', state: 'succeeded' } as const
    await expect(find([values(1)], nodeWith('a', known), away)).rejects.toMatchObject({
      code: 'unreachable',
      message: "away can't say which of the tasks it has: no answer",
    })
  })
})
