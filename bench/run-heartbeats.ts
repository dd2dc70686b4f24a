/**
 * How late a worker's heartbeats may be while it starts short commands as fast as it can: the delay of
 * its event loop, in a process that has nothing but the pool of commands.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { v7 } from 'uuid'
import { commandRunner } from '../src/worker/runners/command/commands.ts'
import type { Assignment, RunningTask } from '../src/worker/slot/slot.ts'
import type { Row } from './table.ts'
import { trueJob } from './true-job.ts'

const commands = 2000

export async function delayOfHeartbeats(): Promise<Row> {
  const folder = mkdtempSync(join(tmpdir(), 'tm-bench-heartbeats-'))
  const { PATH = '' } = process.env
  const runner = commandRunner({ folder, clusterTag: '', environment: { PATH } })
  const cpus = availableParallelism()
  const done = Promise.withResolvers<void>()
  let ended = 0
  const pool = runner.createPool({
    total: () => ({ cpus, memory: 1e12, disk: 1e12 }),
    onEnd() {
      ended += 1
      if (ended === commands) done.resolve()
    },
  })
  const delay = monitorEventLoopDelay({ resolution: 5 })
  try {
    pool.run([assigned()])
    while (ended === 0) await new Promise(setImmediate)
    delay.enable()
    // In batches, as a node leases them: what waits for half a second is handed back.
    while (ended < commands) {
      const { batch = 0 } = pool.room(0) ?? {}
      const count = Math.min(batch, commands - ended)
      if (count > 0) pool.run(Array.from({ length: count }, assigned))
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    await done.promise
    delay.disable()
  } finally {
    await pool.close()
    rmSync(folder, { recursive: true })
  }
  const what = `a worker's event loop, while it starts short commands, p99`
  const value = delay.percentile(99) / 1e6
  return { bench: 'run', what, value, unit: 'ms', less: true, floor: 50 }
}

const node = {
  getJob: async () => ({ definition: { job: trueJob } }),
} as unknown as RunningTask['node']

function assigned(): Assignment {
  const id = v7()
  const both = { id, attempt: 1, kind: 'command', cost: 1 }
  const task = { ...both, node, reports: undefined as unknown as RunningTask['reports'] }
  return {
    task,
    lease: { ...both, job: 'bench', spec: { n: 1, values: {} }, body: new Uint8Array() },
  }
}
