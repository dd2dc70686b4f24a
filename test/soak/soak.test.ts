/** The short form of `npm run soak`: two rounds of load and kills, of one known seed or another. */
import { rmSync } from 'node:fs'
import { expect, it } from 'vitest'
import { runSoak } from './run.ts'

const seeds = [1, 7, 2026, Date.now() % 2 ** 31]
const seed = Number(process.env.TM_SOAK_SEED ?? seeds[Date.now() % seeds.length])

it('loses nothing and leaves nothing behind', { timeout: 240_000 }, async () => {
  const said: string[] = []
  const soaked = await runSoak({
    seed,
    tasks: 3000,
    rounds: 2,
    seconds: 4,
    calmRounds: 1,
    killEvery: { min: 200, max: 1200 },
    idleTimeout: '1s',
    say: (text) => said.push(`${(performance.now() / 1000).toFixed(1)} s  ${text}`),
  })
  const { violations, history, tasks, kills } = soaked
  const how = `TM_SOAK_SEED=${seed} npm run soak; history: ${history}\n${said.join('\n')}`
  expect(violations.slice(0, 20), how).toEqual([])
  // That it did anything, not how fast: of 3,000, on a machine that other tests keep busy.
  expect(tasks.succeeded, how).toBeGreaterThan(100)
  expect(kills, how).toBeGreaterThan(5)
  rmSync(history)
})
