/** One slot and its thread: results as soon as they are there, and every cancel heard. */
import { createHash } from 'node:crypto'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Outcome } from '../../../src/worker/outcome.ts'
import type { ReportQueue } from '../../../src/worker/report-queue.ts'
import { threadRunner } from '../../../src/worker/runners/thread/slot.ts'
import type { RunningTask, Slot } from '../../../src/worker/slot/slot.ts'
import { sha512Task } from '../../support/sha512-task.ts'

const forEver = 1e12
const reports = {} as ReportQueue

let slot: Slot
let ends: Map<string, Outcome>

/** A slot never asks it. */
const node = {} as RunningTask['node']

beforeEach(() => {
  ends = new Map()
  slot = threadRunner('sha512').createSlot({
    onEnd: ({ id }, outcome) => void ends.set(id, outcome),
  })
})
afterEach(() => slot.close())

function job(id: string, iterations: number, text = id) {
  const body = new Uint8Array(Buffer.from(text))
  const { kind, spec, cost } = sha512Task({ id, iterations, body })
  const task: RunningTask = { id, attempt: 1, kind, cost, node, reports }
  return { task, lease: { id, attempt: 1, kind, cost, spec: JSON.parse(spec), body } }
}

const ended = (id: string) => expect.poll(() => ends.get(id), { timeout: 10_000 })

it('gives each task its own result, whatever the sizes', async () => {
  const texts = ['', 'a', 'b'.repeat(200), 'c'.repeat(70_000), '']
  slot.run(texts.map((text, index) => job(`t${index}`, 1, text)))
  for (const [index, text] of texts.entries()) {
    const result = createHash('sha512').update(text).digest()
    await ended(`t${index}`).toEqual({ kind: 'succeeded', result: new Uint8Array(result) })
  }
  expect(slot.load()).toBe(0)
})

it('gives the results before a long task while that one runs', async () => {
  const long = job('long', forEver)
  slot.run([job('short', 1), long, job('behind', 1)])
  await ended('short').toMatchObject({ kind: 'succeeded' })
  expect([...ends.keys()]).toEqual(['short'])
  slot.cancel(long.task)
  await ended('long').toEqual({ kind: 'stopped' })
  await ended('behind').toMatchObject({ kind: 'succeeded' })
})

it('hears of all that are cancelled together, whichever of them runs', async () => {
  const jobs = ['a', 'b', 'c'].map((id) => job(id, forEver))
  slot.run([...jobs, job('last', 1)])
  for (const { task } of jobs) slot.cancel(task)
  for (const { task } of jobs) await ended(task.id).toEqual({ kind: 'stopped' })
  await ended('last').toMatchObject({ kind: 'succeeded' })
})

it('begins nothing more when it drains, and ends what runs when told to', async () => {
  slot.run([job('running', forEver), job('waiting', 1)])
  slot.drain()
  slot.abort()
  await ended('running').toEqual({ kind: 'stopped' })
  await ended('waiting').toEqual({ kind: 'stopped' })
})
