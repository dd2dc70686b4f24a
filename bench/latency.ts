/** How long one task takes on a cluster that has nothing else to do, with a worker that is there. */
import { setTimeout as sleep } from 'node:timers/promises'
import { v7 } from 'uuid'
import { bodyOf, openConnection, requestOf } from './connection.ts'
import { addressOf, type BenchNode, withNode } from './node.ts'
import { percentile, type Row } from './table.ts'

const warmUp = 100
const measured = 400

export async function latency(): Promise<Row[]> {
  const took = await withNode(['--max-workers', '1'], measure)
  const sorted = took.sort((a, b) => a - b)
  const base = { bench: 'latency', unit: 'ms', less: true }
  return [
    { ...base, what: 'enqueue → visible, p50', value: percentile(sorted, 0.5), floor: 10, aim: 3 },
    { ...base, what: 'enqueue → visible, p99', value: percentile(sorted, 0.99) },
  ]
}

/** Milliseconds of each. */
async function measure(node: BenchNode): Promise<number[]> {
  const address = addressOf(node)
  const connection = await openConnection(address)
  const authorization = `Bearer ${node.token}`
  const took: number[] = []
  for (let n = 0; n < warmUp + measured; n += 1) {
    const id = v7()
    const headers = { authorization, 'idempotency-key': id }
    const put = requestOf('PUT /enqueue?iterations=1', address, headers, new Uint8Array(128))
    const get = requestOf(`GET /v1/tasks/${id}`, address, { authorization }, new Uint8Array())
    const began = performance.now()
    await connection.ask(put)
    while (!isSucceeded(await connection.ask(get))) await sleep(0.2)
    // The first ones start the worker, and warm everything up.
    if (n >= warmUp) took.push(performance.now() - began)
    await sleep(5)
  }
  connection.close()
  return took
}

function isSucceeded(answer: Buffer): boolean {
  return JSON.parse(bodyOf(answer).toString()).state === 'succeeded'
}
