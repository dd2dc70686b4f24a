/**
 * A load generator, in a process of its own: so many connections, each with one request at a time,
 * for so long. `node bench/load.ts JSON` prints JSON.
 */
import { v7 } from 'uuid'
import { encodeFrames, framesType } from '../src/api/frames.ts'
import { type Address, type Connection, openConnection, requestOf } from './connection.ts'
import { percentile } from './table.ts'

export interface LoadOptions extends Address {
  token: string
  connections: number
  /** Bytes of a body. */
  size: number
  /** Tasks of one request; 1 is `PUT /enqueue`. */
  tasks: number
  seconds: number
}

export interface Load {
  /** Tasks per second. */
  rate: number
  requests: number
  p50: number
  p99: number
  max: number
}

const options = JSON.parse(process.argv[2] ?? '{}') as LoadOptions
const { token, connections, size, tasks, seconds } = options
const latencies: number[] = []
const authorization = `Bearer ${token}`

function single(): Buffer {
  const line = 'PUT /enqueue?iterations=1'
  return requestOf(line, options, { authorization }, Buffer.alloc(size, 120))
}

function bulk(): Buffer {
  const frames = Array.from({ length: tasks }, () => ({
    header: { id: v7(), iterations: 1 },
    body: new Uint8Array(size).fill(120),
  }))
  const headers = { authorization, 'content-type': framesType }
  return requestOf('POST /v1/tasks', options, headers, encodeFrames(frames))
}

async function drive(connection: Connection, until: number): Promise<void> {
  const request = tasks === 1 ? single() : undefined
  while (performance.now() < until) {
    const bytes = request ?? bulk()
    const began = performance.now()
    await connection.ask(bytes)
    latencies.push(performance.now() - began)
  }
  connection.close()
}

const open = await Promise.all(Array.from({ length: connections }, () => openConnection(options)))
const began = performance.now()
await Promise.all(open.map((connection) => drive(connection, began + seconds * 1000)))
const took = (performance.now() - began) / 1000
const sorted = Float64Array.from(latencies).sort()
console.log(
  JSON.stringify({
    rate: (latencies.length * tasks) / took,
    requests: latencies.length,
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
    max: sorted.at(-1) ?? 0,
  } satisfies Load),
)
