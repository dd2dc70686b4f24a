/**
 * Simulated crashes of the operating system: strace records what a real store does, and its folder
 * is rebuilt as a crash may leave it, at hundreds of points of the record. Each time the database
 * opens and has everything that was acknowledged up to that point.
 *
 * This shows that no answer goes out before the fsync that it needs, of the file and of its folder,
 * whichever other blocks of 4096 bytes the system has written back. It does not show that the disk
 * keeps what fsync promises, nor what happens with a block that was written in half.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { childOf } from '../lab/namespace.ts'
import { openOnThisThread } from '../node/store/direct.ts'
import { type Folder, temporaryFolder } from '../node/store/folder.ts'
import { chanceOf, isLong, newSeed } from './chance.ts'
import { CrashedDisk } from './crashed-disk.ts'
import { Promises } from './promises.ts'
import { readSteps, type Step, straceArgs } from './system-calls.ts'

const program = new URL('../fixtures/store-user.ts', import.meta.url).pathname
const crashes = isLong ? 1000 : 30
/** Lines of the program until SQLite has written its log back several times. */
const enough = 2500

let own: Folder
beforeEach((context) => {
  own = temporaryFolder()
  const { error, status } = spawnSync('strace', ['-f', '-o', '/dev/null', 'true'])
  if (!error && status === 0) return
  const why = `not shown, for strace can't watch a process here: ${error?.message ?? status}`
  process.stderr.write(`SKIPPED a crash of the operating system: ${why}\n`)
  context.skip(why)
})
afterEach(() => own.remove())

/** What a store did on its disk, and what it had acknowledged when. */
async function watch(): Promise<Step[]> {
  const folder = join(own.folder, 'store')
  mkdirSync(folder)
  const log = join(own.folder, 'log')
  const user = [process.execPath, program, folder, '1', '8']
  const strace = spawn('strace', [...straceArgs, '-o', log, ...user], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let lines = 0
  for await (const _line of createInterface({ input: strace.stdout })) {
    lines += 1
    // Not strace itself: the process that it traces would go on without it.
    if (lines === enough) process.kill(childOf(strace.pid as number) as number, 'SIGKILL')
  }
  if (strace.exitCode === null && strace.signalCode === null) await once(strace, 'exit')
  expect(lines).toBeGreaterThanOrEqual(enough)
  const steps = readSteps(readFileSync(log, 'latin1'), folder)
  rmSync(log)
  return steps
}

/** What a crash has destroyed: undefined if everything that was promised is there. */
async function lossAfter(disk: CrashedDisk, promises: Promises, seed: number): Promise<unknown> {
  const folder = join(own.folder, 'crashed')
  mkdirSync(folder)
  try {
    disk.crash(folder, chanceOf(seed))
    const store = await openOnThisThread({ folder })
    try {
      await promises.check(store.tasks)
      await promises.checkBodies(store.tasks)
    } finally {
      await store.close()
    }
  } catch (error) {
    return error
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Crashes at points of this log. Gives the first loss. */
async function crashOften(steps: Step[], seed: number) {
  const chance = chanceOf(seed)
  const answers = [...steps.keys()].filter((at) => steps[at]?.kind === 'said')
  const points = Array.from({ length: crashes }, () => {
    // Right after an answer, while the files are made, or anywhere.
    return chance.pick([
      chance.pick(answers),
      chance.below(answers[0] ?? 0),
      chance.below(steps.length),
    ])
  })
  const disk = new CrashedDisk()
  const promises = new Promises()
  for (const [at, step] of steps.entries()) {
    disk.apply(step)
    if (step.kind === 'said') for (const line of step.text.trim().split('\n')) promises.hear(line)
    for (const _point of points.filter((one) => one === at)) {
      const loss = await lossAfter(disk, promises, chance.below(2 ** 31))
      if (loss) return { at, of: steps.length, loss }
    }
  }
}

it('has everything that was acknowledged, whatever was not synced', {
  timeout: 600_000,
}, async () => {
  const seed = newSeed()
  const steps = await watch()
  const count = (kind: Step['kind'], file: string) =>
    steps.filter((step) => step.kind === kind && 'file' in step && step.file === file).length
  expect(count('sync', 'queue.db-wal')).toBeGreaterThan(50)
  // The log was written back, so the most delicate moments are among the points.
  expect(count('sync', 'queue.db')).toBeGreaterThan(2)
  expect(await crashOften(steps, seed)).toBeUndefined()

  // The test would notice a loss: the same without the syncs of the log.
  const unsynced = steps.filter((step) => step.kind !== 'sync' || step.file !== 'queue.db-wal')
  expect(await crashOften(unsynced, seed)).toMatchObject({ loss: expect.anything() })
})
