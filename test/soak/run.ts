/** A soak, from `up` to `down`: rounds of load and kills, and after each a quiet moment to look closely. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startChaos } from './chaos.ts'
import { createClient } from './client.ts'
import type { Violation } from './events.ts'
import { createHistory } from './history.ts'
import { runLoad } from './load.ts'
import { seeded } from './random.ts'
import { type Peak, startWatch } from './watch.ts'
import { createWorld, type World } from './world.ts'

export interface SoakOptions {
  seed: number
  tasks: number
  rounds: number
  /** Of load, in each round. */
  seconds: number
  /** In these last rounds no node is killed, so that its growth can be seen. */
  calmRounds: number
  /** Milliseconds between two kills. */
  killEvery: { min: number; max: number }
  idleTimeout: string
  /** Makes a process collect its garbage, so that a growth of memory can be seen. */
  collect?: (pid: number) => Promise<void>
  say: (text: string) => void
}

export interface Soaked {
  violations: Violation[]
  seed: number
  history: string
  kills: number
  events: number
  tasks: { acknowledged: number; succeeded: number; cancelled: number }
  peak: Peak
}

/** How long the queues may take to be empty after a round. */
const patience = 120_000

export async function runSoak(options: SoakOptions): Promise<Soaked> {
  const { seed, tasks, rounds, seconds, calmRounds, killEvery, idleTimeout, say } = options
  const random = seeded(seed)
  const world = createWorld({ nodes: 2, maxWorkers: 2, idleTimeout })
  const history = createHistory(join(tmpdir(), `tm-soak-${seed}-${process.pid}.jsonl`))
  const client = createClient(world, history)
  const stopped = new Set<number>()
  const extra: Violation[] = []
  let kills = 0
  const onAct = (text: string) => {
    kills += 1
    say(`  ${text}`)
  }

  async function untilDone(): Promise<void> {
    const end = performance.now() + patience
    for (;;) {
      const counts = await Promise.all(world.ids().map((node) => client.counts(node)))
      const isDone = counts.every((one) => one && one.queued + one.running === 0)
      if (isDone || performance.now() > end) return
      await sleep(100)
    }
  }

  async function round(number: number): Promise<void> {
    const killNodes = number < rounds - calmRounds
    const chaos = startChaos({
      world,
      random: random.fork(),
      every: killEvery,
      killNodes,
      stopped,
      onAct,
    })
    const load = { client, nodes: world.ids, random: random.fork(), seconds }
    try {
      await runLoad({ ...load, tasks: Math.ceil(tasks / rounds) })
    } finally {
      await chaos.stop()
    }
    say('all is sent')
    await untilDone()
    say('all is done')
    for (const node of world.ids()) await client.list(node)
    await untilNoWorkers(world)
    say(`round ${number + 1} of ${rounds}: ${await watch.compareNodes()}`)
  }

  await world.up()
  const watch = startWatch({ world, stopped, collect: options.collect })
  try {
    for (let number = 0; number < rounds; number += 1) await round(number)
    await watch.stop()
    history.auditor.close()
  } catch (error) {
    extra.push({ rule: 'soak', text: describe(error) })
  } finally {
    await watch.stop()
    await world.down().catch((error) => extra.push({ rule: 'soak', text: describe(error) }))
    const left = await world.close()
    extra.push(...left.map((text) => ({ rule: 'leaked', text })))
    history.close()
  }
  const violations = [...history.auditor.violations(), ...watch.violations, ...extra]
  const { peak } = watch
  const told = history.auditor.told()
  return {
    violations,
    seed,
    history: history.file,
    kills,
    events: history.length(),
    tasks: told,
    peak,
  }
}

/** They leave when they have nothing to do, and with them their connections. */
async function untilNoWorkers(world: World): Promise<void> {
  const end = performance.now() + 30_000
  while (performance.now() < end) {
    if ((await world.machines()).every(({ kind }) => kind === 'node')) break
    await sleep(100)
  }
  await sleep(1000)
}

function describe(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describe).join('; ')
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
