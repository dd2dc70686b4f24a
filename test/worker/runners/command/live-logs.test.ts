/** When a worker sends what its commands write: only while somebody looks, and to the end. */
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Client } from '../../../../src/api/client.ts'
import { createLiveLogs } from '../../../../src/node/live-logs.ts'
import { createLiveLogs as createSender } from '../../../../src/worker/runners/command/live-logs.ts'
import type { RunningTask } from '../../../../src/worker/slot/slot.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tm-live-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** A node's real memory of logs, behind the two calls of a worker. */
function setUp() {
  const logs = createLiveLogs(() => performance.now())
  const calls = { asked: 0, sent: 0 }
  const node = {
    async watchedLeases({ json, signal }: { json: { wait: number }; signal: AbortSignal }) {
      calls.asked += 1
      const watched = await logs.watchedOf('w1', json.wait, signal)
      signal.throwIfAborted()
      return { watched }
    },
    async writeTaskLog({ params, json }: Parameters<Client['writeTaskLog']>[0]) {
      calls.sent += 1
      logs.add(params.id, params.attempt, json.pieces)
      return {}
    },
  } as unknown as Client
  const task = { id: 'a', attempt: 1, node } as RunningTask
  const files = { stdout: join(folder, 'out'), stderr: join(folder, 'err') }
  for (const file of Object.values(files)) writeFileSync(file, '')
  const text = () =>
    logs
      .read('a', 0)
      .pieces.map((piece) => piece.text)
      .join('')
  return { logs, calls, task, files, text, sender: createSender({ afterMs: 10, everyMs: 20 }) }
}

it('sends what there is and what is added, and the last of it before the end', async () => {
  const { logs, calls, task, files, text, sender } = setUp()
  const end = sender.begin(task, files)
  appendFileSync(files.stdout, 'before\n')
  await vi.waitUntil(() => calls.asked === 1)
  expect(calls.sent).toBe(0)
  logs.watch('a', 1, 'w1')
  await vi.waitUntil(() => text() === 'before\n')
  appendFileSync(files.stderr, 'more\n')
  await vi.waitUntil(() => text() === 'before\nmore\n')
  appendFileSync(files.stdout, 'last')
  await end()
  expect(text()).toBe('before\nmore\nlast')
  const { sent } = calls
  await end()
  expect(calls.sent).toBe(sent)
})

it('moves nothing while nobody looks, and asks for short commands not at all', async () => {
  const { calls, task, files, sender, text } = setUp()
  const quick = sender.begin(task, files)
  await quick()
  const end = sender.begin(task, files)
  await vi.waitUntil(() => calls.asked === 1)
  appendFileSync(files.stdout, 'unseen')
  await end()
  expect([calls, text()]).toEqual([{ asked: 1, sent: 0 }, ''])
})

it('has one request for all commands of a node', async () => {
  const { logs, calls, task, files, sender } = setUp()
  const ends = [1, 2, 3].map((n) => sender.begin({ ...task, id: `task ${n}` }, files))
  await vi.waitUntil(() => calls.asked === 1)
  appendFileSync(files.stdout, 'x')
  logs.watch('task 2', 1, 'w1')
  await vi.waitUntil(() => logs.read('task 2', 0).next === 1)
  expect(logs.read('task 1', 0).next).toBe(0)
  for (const end of ends) await end()
})
