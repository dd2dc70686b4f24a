/**
 * Workers, the processes that start their commands, nodes, and the command that waits are killed at
 * random, while commands write, fork and leave their group. Seen from outside: every task has one
 * result, no output is half there, and no process and no folder is left.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { Task } from '../../src/api/client.ts'
import type { PulledJob } from '../../src/cli/jobs/pull.ts'
import { type Box, type Cluster, it, type Running, send } from '../e2e/harness.ts'
import { type Chance, chanceOf, isLong, newSeed } from './chance.ts'

const count = isLong ? 2000 : 120
const kills = isLong ? 120 : 12

/** Writes its number a thousand times, beside processes that nobody waits for. */
const line = `setsid sh -c 'sleep 30' & sh -c 'sleep 30' &
for k in 1 2 3 4; do seq 250 | sed "s/.*/{n}/" >> {out}; sleep 0.0$((TM_N % 5 + 1)); done`

const flags = ['--nodes', '2', '--max-workers', '2', '--slots', '2', '--tick', '50ms']
const patient = ['--lease', '2s', '--scale-after', '100ms', '--max-attempts', '100']

it('commands come through kills at random, once each and whole', {
  timeout: 900_000,
}, async ({ box }) => {
  const seed = newSeed()
  const cluster = box.cluster('faults-commands')
  await cluster.up(...flags, ...patient)
  const args = ['run', '--array', `1-${count}`, line, '--out', '{n}.txt', '--detach']
  const job = (await cluster.tm(args)).stdout.trim()
  expect(job).not.toBe('')

  await killAtRandom(box, cluster, job, chanceOf(seed))

  await cluster.up()
  const { tasks } = await cluster.json<{ tasks: Task[] }>(['wait', job])
  expect(new Set(tasks.map(({ id }) => id)).size).toBe(count)
  expect(tasks.every(({ state }) => state === 'succeeded')).toBe(true)
  const out = join(box.dataDir, 'out')
  const pulled = await cluster.json<PulledJob>(['pull', job, '--to', out])
  expect(pulled).toMatchObject({ succeeded: count, failed: 0, open: 0 })
  expect(readdirSync(out)).toHaveLength(count)
  for (let n = 1; n <= count; n += 1) {
    expect(readFileSync(join(out, `${n}.txt`), 'utf8'), `${n}.txt`).toBe(`${n}\n`.repeat(1000))
  }

  await cluster.down()
  expect(existsSync(cluster.folder)).toBe(false)
  // Every one of them has the data directory of this test in its environment, or its mark.
  expect(await box.processes()).toEqual([])
})

/** Until the job is done, or so many kills are over. */
async function killAtRandom(
  box: Box,
  cluster: Cluster,
  job: string,
  chance: Chance,
): Promise<void> {
  let waiting: Running = cluster.spawn(['wait', job])
  for (let kill = 0; kill < kills; kill += 1) {
    await sleep(50 + chance.below(600))
    const what = chance.below(10)
    if (what === 0) {
      const [node] = await cluster.processes('node')
      if (node) send(node.pid, 'SIGKILL')
      await cluster.up()
    } else if (what < 4) {
      const all = await box.processes()
      const spawners = all.filter(({ command }) => command.includes('spawner'))
      if (spawners.length > 0) send(chance.pick(spawners).pid, 'SIGKILL')
    } else if (what < 8) {
      const workers = await cluster.processes('worker')
      if (workers.length > 0) send(chance.pick(workers).pid, 'SIGKILL')
    } else {
      send(waiting.pid, 'SIGKILL')
      await waiting.ended
      waiting = cluster.spawn(['wait', job])
    }
  }
  send(waiting.pid, 'SIGKILL')
  await waiting.ended
}
