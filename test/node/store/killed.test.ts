/** What an acknowledged task is worth: a node is killed in the middle of its work, and again. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { afterEach, expect, it } from 'vitest'
import { unpackLeases } from '../../../src/core/leases.ts'
import { openSqliteStore } from '../../../src/node/store/sqlite/sqlite.ts'
import { type Folder, shareCompiledCode, temporaryFolder } from './folder.ts'

shareCompiledCode()

const source = new URL('../../fixtures/store-user.ts', import.meta.url).pathname
const now = { wall: Date.now(), steady: Date.now() }

let folder: Folder | undefined
let child: ChildProcess | undefined

afterEach(() => {
  child?.kill('SIGKILL')
  folder?.remove()
})

/** Starts the program and kills it after so many lines. Gives every line that it wrote. */
async function runUntilKilled(path: string, round: number, after: number): Promise<string[]> {
  const program = spawn(process.execPath, [source, path, String(round)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  child = program
  const lines: string[] = []
  for await (const line of createInterface({ input: program.stdout })) {
    lines.push(line)
    if (lines.length === after) program.kill('SIGKILL')
  }
  if (program.signalCode === null) await once(program, 'exit')
  expect(program.signalCode).toBe('SIGKILL')
  return lines
}

it('has every acknowledged task and result after kill -9, several times over', async () => {
  folder = temporaryFolder()
  const queued = new Set<string>()
  const done = new Map<string, string>()
  // The first is killed as soon as its store is open.
  for (const [round, after] of [1, 40, 400, 150].entries()) {
    for (const line of await runUntilKilled(folder.folder, round, after)) {
      const [what, id = '', result = ''] = line.split(' ')
      if (what === 'queued') queued.add(id)
      if (what === 'done') done.set(id, result)
    }
    const store = await openSqliteStore({ folder: folder.folder })
    const tasks = await store.get([...queued])
    for (const [i, id] of [...queued].entries()) {
      expect(tasks[i], id).toBeDefined()
      if (done.has(id)) expect(tasks[i]).toMatchObject({ state: 'succeeded', result: done.get(id) })
    }
    await store.close()
  }
  expect(queued.size).toBeGreaterThan(300)
  expect(done.size).toBeGreaterThan(0)

  // And all of it can still be worked on: the bodies are there too.
  const store = await openSqliteStore({ folder: folder.folder })
  await store.resume(0, now)
  await store.reap(99, now)
  const request = { worker: 'w2', max: 9999, maxWork: 1e9, maxBytes: 1e9, lease: 1000 }
  const { frames } = await store.claim(request, { ...now, steady: now.steady + 1e9 })
  const leases = unpackLeases(frames)
  for (const { id, body } of leases) expect(Buffer.from(body).toString()).toBe(id)
  const { succeeded } = await store.stats(now)
  expect(leases.length + succeeded).toBeGreaterThanOrEqual(queued.size)
  await store.close()
})
