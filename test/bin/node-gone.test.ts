/** A node or its cluster that goes away, or takes nothing more, while a command is at work: never 0. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Answers, type StubNode, stubNode } from './stub-node.ts'
import { endAll, ourPath, runTm } from './tm.ts'

const id = '01997a5e-4b7e-7cc2-8f6a-0d3b5b6e9a10'

let dataDir: string
let node: StubNode
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'tm-gone-'))
  node = await stubNode(dataDir)
  node.save()
})
afterEach(() => {
  endAll()
  node.close()
  rmSync(dataDir, { recursive: true })
})

const settings = () => ({ json: { maxBody: 1000 } })
const accepted = () => ({ json: { tasks: [] } })
/** A page of results, after which there are more. */
const page = () => {
  const result = { id, kind: 'sha512', iterations: 1, result: 'ab', completedAt: 1, took: 1 }
  return { json: { results: [{ ...result, attempts: 1 }], next: 1 } }
}

async function tm(argv: string, answers: Answers) {
  node.answer(answers, () => node.close())
  const file = join(dataDir, 'file')
  writeFileSync(file, 'x')
  const env = { PATH: ourPath, TM_DATA_DIR: dataDir }
  return await runTm(argv.replace('FILE', file).split(' '), { env })
}

describe('the cluster is removed by another command', () => {
  let looks: number
  const removed: Answers = {
    'GET /v1/settings': settings,
    'POST /v1/tasks': accepted,
    'POST /v1/tasks/lookup': () => {
      looks += 1
      if (looks === 2) {
        node.state.remove()
        node.close()
      }
      return { json: { tasks: [{ id, state: 'running' }] } }
    },
  }

  it.each([`wait ${id}`])('tm %s ends soon, and says so', async (argv) => {
    looks = 0
    const { stderr, exitCode } = await tm(argv, removed)
    expect(stderr).toContain('Error: Cluster default was removed while its tasks were waited for')
    expect(exitCode).toBe(1)
  })
})

it('tm wait says at once that nothing can run, and goes on when it can', async () => {
  let state = 'queued'
  const limit = { own: 0, borrowed: 0, lent: 0 }
  const blocked = { queue: { queued: 1, running: 0 }, workers: [], limit, paused: false }
  node.answer({
    'POST /v1/tasks/lookup': () => ({ json: { tasks: [{ id, state, result: 'ab' }] } }),
    'GET /v1/state': () => ({ json: blocked }),
    'POST /v1/results/pulled': () => ({ json: {} }),
  })
  const { stdout, stderr, exitCode } = await runTm(['wait', id], {
    env: { PATH: ourPath, TM_DATA_DIR: dataDir },
    onStart: (child) =>
      child.stderr?.on('data', (text) => {
        if (String(text).includes('no task can run')) state = 'succeeded'
      }),
  })
  expect(stderr).toContain('Warning: no task can run: --max-workers is 0 on every node\n')
  expect(stdout).toContain('succeeded\tab')
  expect(exitCode).toBe(0)
})

describe('the node goes away', () => {
  const rows: [string, Answers, string][] = [
    ['pull --top 2000', {}, 'Warning: node-1 is left out'],
    ['pull --top 2000', { 'GET /v1/results': once(page) }, 'Warning: the older results of node-1'],
    ['enqueue -n 1 FILE', { 'GET /v1/settings': settings }, '0 of 1 files were enqueued'],
    [`status ${id}`, {}, 'node-1 did not answer'],
    ['health', {}, ''],
    ['backup', {}, 'node-1 was not backed up'],
    ['rotate-tokens', {}, 'node-1 does not accept the new tokens yet'],
  ]
  it.each(rows)('tm %s is not done: %#', async (argv, answers, told) => {
    const { stderr, exitCode } = await tm(argv, answers)
    expect(stderr).toContain(told)
    expect(exitCode).toBe(1)
  })
})

it('a node with a full disk is an error of tm enqueue', async () => {
  const error = { code: 'storage_full', message: 'The disk is full' }
  const { stderr, exitCode } = await tm('enqueue -n 1 FILE', {
    'GET /v1/settings': settings,
    'POST /v1/tasks': () => ({ status: 507, json: { error } }),
  })
  expect(stderr).toContain('The disk is full. 0 of 1 files were enqueued')
  expect(exitCode).toBe(1)
})

/** Answers the first request, and leaves the next ones waiting. */
function once<T>(answer: () => T): () => T | undefined {
  let asked = false
  return () => {
    if (asked) return undefined
    asked = true
    return answer()
  }
}
