/** How long a command takes on a cluster that has nothing else to do, until its result is visible. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { v7 } from 'uuid'
import { type Client, connect, type RequestOf } from '../src/api/client.ts'
import type { Cluster } from './run-commands.ts'
import { percentile, type Row } from './table.ts'
import { trueJob } from './true-job.ts'

const warmUp = 50
const measured = 300

export async function latencyOfCommands(cluster: Cluster): Promise<Row[]> {
  const client = clientOf(cluster)
  const job = v7()
  await client.putJob({ params: { id: job }, json: definition })
  const took: number[] = []
  for (let n = 0; n < warmUp + measured; n += 1) {
    const began = performance.now()
    const { tasks } = await client.enqueueTasksOfJob({
      params: { id: job },
      json: { tasks: [{ n, values: {} }] },
    })
    const id = tasks[0]?.id as string
    while ((await client.getTask({ params: { id } }))?.state !== 'succeeded') await sleep(0.2)
    if (n >= warmUp) took.push(performance.now() - began)
    await sleep(5)
  }
  const sorted = took.sort((a, b) => a - b)
  const base = { bench: 'run', unit: 'ms', less: true }
  const what = 'one true on an idle cluster, until visible'
  return [
    { ...base, what: `${what}, p50`, value: percentile(sorted, 0.5), floor: 10 },
    { ...base, what: `${what}, p99`, value: percentile(sorted, 0.99), floor: 30 },
  ]
}

const definition: RequestOf<'putJob'>['json'] = {
  number: 1_000_000,
  name: 'latency',
  line: 'true',
  tasks: warmUp + measured,
  printsStdout: true,
  job: trueJob,
}

function clientOf({ folder, tm }: Cluster): Client {
  const record = join(folder, 'data/clusters/bench/cluster.json')
  const { nodes } = JSON.parse(readFileSync(record, 'utf8')) as { nodes: { url: string }[] }
  return connect({ url: nodes[0]?.url ?? '', token: tm('token').trim() })
}
