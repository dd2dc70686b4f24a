/**
 * An acknowledged task survives its process being killed (SIGKILL) at any moment: 500 times, 40
 * times in `npm test`. The process uses a store, and each one starts on what the one before has
 * left.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { openOnThisThread } from '../node/store/direct.ts'
import { temporaryFolder } from '../node/store/folder.ts'
import { type Chance, chanceOf, isLong, newSeed } from './chance.ts'
import { Promises } from './promises.ts'

const program = new URL('../fixtures/store-user.ts', import.meta.url).pathname
/** Two databases at a time, with few lives each: checking everything in a database takes time. */
const lanes = 2
const livesOfEach = 10
const databases = isLong ? 50 : 4

/** Kills mostly while it works, sometimes while it starts. Gives whether it had begun to work. */
async function liveAndDie(folder: string, round: number, chance: Chance, promises: Promises) {
  const inStart = chance.once(6)
  const moment = chance.below(inStart ? 180 : 8)
  const enough = 1 + chance.below(250)
  const child = spawn(process.execPath, [program, folder, String(round)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const die = async () => {
    await sleep(moment)
    child.kill('SIGKILL')
  }
  if (inStart) void die()
  let lines = 0
  for await (const line of createInterface({ input: child.stdout })) {
    promises.hear(line)
    lines += 1
    if (lines === enough && !inStart) void die()
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  expect({ code: child.exitCode, signal: child.signalCode }).toMatchObject({ signal: 'SIGKILL' })
  return lines > 0
}

/** The lives of one database. Not checked after each: some lives start on the untouched file. */
async function liveOften(chance: Chance) {
  const { folder, remove } = temporaryFolder()
  const promises = new Promises()
  let unchecked = 0
  let begun = 0
  try {
    for (let round = 0; round < livesOfEach; round += 1) {
      if (await liveAndDie(folder, round, chance, promises)) begun += 1
      if (!chance.once(2)) continue
      const store = await openOnThisThread({ folder })
      await promises.check(store.tasks, [...promises.sent.values()].slice(unchecked))
      unchecked = promises.sent.size
      await store.close()
    }
    const store = await openOnThisThread({ folder })
    await promises.check(store.tasks)
    await promises.checkBodies(store.tasks)
    await store.close()
  } finally {
    remove()
  }
  return { begun, queued: promises.queued.size, done: promises.done.size }
}

it('has everything that was acknowledged, and each batch as a whole', {
  timeout: 600_000,
}, async () => {
  const seed = newSeed()
  const seen: Awaited<ReturnType<typeof liveOften>>[] = []
  let next = 0
  async function lane(): Promise<void> {
    while (next < databases) {
      next += 1
      seen.push(await liveOften(chanceOf(seed + next)))
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  const sum = (of: keyof (typeof seen)[number]) => seen.reduce((all, one) => all + one[of], 0)
  expect(seen).toHaveLength(databases)
  // Processes that are killed before they do anything would show nothing.
  expect(sum('begun')).toBeGreaterThan((databases * livesOfEach) / 2)
  expect(sum('queued')).toBeGreaterThan(databases * 100)
  expect(sum('done')).toBeGreaterThan(databases * 2)
})
