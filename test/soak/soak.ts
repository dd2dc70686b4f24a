/**
 * `npm run soak`: twenty minutes of random load and random kills. `--minutes`, `--tasks` and `--seed`
 * change it; `TM_SOAK_SEED` replays the plan of a run, `--audit FILE` hears a kept history again.
 */
import { readFileSync, rmSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { createAuditor } from './auditor.ts'
import { collectGarbage } from './collect.ts'
import type { Event, Violation } from './events.ts'
import { runSoak } from './run.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '20' },
    tasks: { type: 'string', default: '125000' },
    seed: { type: 'string', default: process.env.TM_SOAK_SEED ?? String(Date.now() % 2 ** 31) },
    audit: { type: 'string' },
  },
})

const begun = performance.now()
const say = (text: string) => {
  process.stderr.write(
    `${((performance.now() - begun) / 1000).toFixed(1).padStart(7)} s  ${text}\n`,
  )
}

/** A few of each kind. */
function show(violations: Violation[]): void {
  for (const [rule, all] of Object.entries(Object.groupBy(violations, ({ rule }) => rule))) {
    for (const { text } of all?.slice(0, 10) ?? []) console.log(`${rule}: ${text}`)
    console.log(`${rule}: ${all?.length} in all`)
  }
  if (violations.length > 0) process.exitCode = 1
}

function audit(file: string): void {
  const auditor = createAuditor()
  for (const line of readFileSync(file, 'utf8').trim().split('\n')) {
    auditor.hear(JSON.parse(line) as Event)
  }
  show(auditor.close())
}

async function soak(): Promise<void> {
  const seed = Number(values.seed)
  const minutes = Number(values.minutes)
  // Each round takes some seconds more, until all is quiet.
  const seconds = 60
  const rounds = Math.max(2, Math.round((minutes * 60) / (seconds + 12)))
  const calmRounds = Math.ceil(rounds * 0.4)
  say(`seed ${seed}: ${rounds} rounds, ${values.tasks} tasks; again with TM_SOAK_SEED=${seed}`)
  const killEvery = { min: 500, max: 4000 }
  const plan = { seed, tasks: Number(values.tasks), rounds, seconds, calmRounds, killEvery }
  const { violations, history, ...figures } = await runSoak({
    ...plan,
    idleTimeout: '5s',
    collect: collectGarbage,
    say,
  })
  console.log(JSON.stringify(figures, undefined, 2))
  const { acknowledged } = figures.tasks
  // Some are sent in vain on purpose. Less than this proves less than was asked for.
  if (acknowledged < 0.8 * plan.tasks)
    violations.push({ rule: 'load', text: `only ${acknowledged} tasks got through` })
  show(violations)
  if (violations.length > 0) console.log(`TM_SOAK_SEED=${seed} npm run soak; history: ${history}`)
  else rmSync(history)
}

if (values.audit) audit(values.audit)
else await soak()
