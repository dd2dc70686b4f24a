/** Folders of workers that have ended: no token, few logs, and none of a worker that runs. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { pruneWorkers } from '../../../src/provider/local/ended-workers.ts'

const now = Date.now()
const stopped = '{"level":30,"reason":"it had nothing to do","msg":"stopped"}\n'
const failed = '{"level":30,"msg":"working"}\nError: out of luck\n'

let workers: string
beforeEach(() => {
  workers = mkdtempSync(join(tmpdir(), 'tm-ended-'))
})
afterEach(() => rmSync(workers, { recursive: true }))

/** A worker whose log was last written to so many minutes ago. */
function make(id: string, log: string, minutes: number): void {
  mkdirSync(join(workers, id))
  writeFileSync(join(workers, id, 'token'), 'secret')
  writeFileSync(join(workers, id, 'log'), log)
  const at = new Date(now - minutes * 60_000)
  utimesSync(join(workers, id, 'log'), at, at)
}

const many = (count: number) => Array.from({ length: count }, (_, n) => n)

it('of a hundred that ended well the newest three logs stay, and no token', () => {
  for (const n of many(100)) make(`w-${n}`, stopped, 2 + n)
  pruneWorkers(workers, new Set(), now)
  expect(readdirSync(workers).sort()).toEqual(['w-0', 'w-1', 'w-2'])
  expect(readdirSync(join(workers, 'w-0'))).toEqual(['log'])
})

it('last words stay longer', () => {
  for (const n of many(10)) make(`well-${n}`, stopped, 2 + n)
  for (const n of many(30)) make(`failed-${n}`, failed, 100 + n)
  pruneWorkers(workers, new Set(), now)
  const left = readdirSync(workers)
  expect(left.filter((id) => id.startsWith('failed'))).toHaveLength(20)
  expect(left).toContain('failed-0')
  expect(left.filter((id) => id.startsWith('well'))).toHaveLength(3)
})

it('what runs or may be starting is not touched, nor what tm did not make', () => {
  for (const n of many(10)) make(`w-${n}`, stopped, 2 + n)
  make('starting', '', 0)
  writeFileSync(join(workers, 'w-8', 'notes'), '')
  pruneWorkers(workers, new Set(['w-9']), now)
  expect(readdirSync(workers).sort()).toEqual(['starting', 'w-0', 'w-1', 'w-2', 'w-8', 'w-9'])
  expect(existsSync(join(workers, 'starting', 'token'))).toBe(true)
  expect(existsSync(join(workers, 'w-9', 'token'))).toBe(true)
  expect(readdirSync(join(workers, 'w-8'))).toEqual(['notes'])
})

it('there may be none', () => {
  pruneWorkers(join(workers, 'none'), new Set(), now)
})
