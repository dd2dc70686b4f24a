/**
 * So many workers in one process, each with a token and a connection of its own: claim one task,
 * report it done, claim the next, and say every now and then that it is still there. They do no
 * work, so what is measured is the node. `node bench/workers-process.ts JSON` prints JSON.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { packResults, resultsType } from '../src/api/reports.ts'
import { signToken } from '../src/core/tokens.ts'
import { type Address, bodyOf, type Connection, openConnection, requestOf } from './connection.ts'
import { memoryOf } from './node.ts'
import { percentile } from './table.ts'

export interface CrowdOptions extends Address {
  /** Of the cluster, in hex. */
  secret: string
  /** The node's process. */
  pid: number
  workers: number
  /** 0: they only join. */
  seconds: number
}

export interface Crowd {
  /** Requests per second, of all kinds. */
  rate: number
  /** Tasks per second. */
  tasks: number
  /** Milliseconds. */
  p50: number
  p99: number
  max: number
  /** Bytes of the node, while they are all connected. */
  memory: number
}

const options = JSON.parse(process.argv[2] ?? '{}') as CrowdOptions
const { workers, seconds } = options
const secret = new Uint8Array(Buffer.from(options.secret, 'hex'))
/** A third of a lease, as a worker does it: far more often than a run of this is long. */
const beatEvery = 10_000
const claimWait = 1000
const result = new Uint8Array(64)
const latencies: number[] = []
let tasks = 0

interface Worker {
  connection: Connection
  claim: Buffer
  heartbeat: Buffer
  complete(lease: { id: string; attempt: number }): Buffer
}

async function join(number: number): Promise<Worker> {
  const id = `crowd-${number}`
  const authorization = `Bearer ${signToken(secret, { role: 'worker', subject: id })}`
  const headers = { authorization, 'content-type': 'application/json' }
  const request = (line: string, body: object) =>
    requestOf(line, options, headers, Buffer.from(JSON.stringify(body)))
  const worker: Worker = {
    connection: await openConnection(options),
    claim: request('POST /v1/leases/claim', { max: 1, maxWork: 100_000, wait: claimWait }),
    heartbeat: request(`PUT /v1/workers/${id}`, { slots: 1, running: 0, draining: false }),
    complete: ({ id, attempt }) => {
      const packed = packResults([{ id, attempt, result }])
      const type = { authorization, 'content-type': resultsType }
      return requestOf('POST /v1/leases/complete', options, type, packed)
    },
  }
  await worker.connection.ask(worker.heartbeat)
  return worker
}

async function timed(worker: Worker, request: Buffer): Promise<Buffer> {
  const began = performance.now()
  const answer = await worker.connection.ask(request)
  latencies.push(performance.now() - began)
  return answer
}

async function work(worker: Worker, firstBeat: number, until: number): Promise<void> {
  let beat = firstBeat
  while (performance.now() < until) {
    if (performance.now() >= beat) {
      beat += beatEvery
      await timed(worker, worker.heartbeat)
    }
    const lease = leaseIn(bodyOf(await timed(worker, worker.claim)))
    await timed(worker, worker.complete(lease))
    tasks += 1
  }
}

/** The header of the only frame, see src/api/frames.ts. */
function leaseIn(body: Buffer): { id: string; attempt: number } {
  if (body.length < 8) throw new Error('The node has no more tasks: enqueue more of them')
  return JSON.parse(body.toString('utf8', 8, 8 + body.readUInt32BE(0)))
}

const crowd = await Promise.all(Array.from({ length: workers }, (_, number) => join(number)))
// The node has taken note of them all, and is at rest.
await sleep(200)
const began = performance.now()
const until = began + seconds * 1000
const beatOf = (number: number) => began + (number / workers) * beatEvery
await Promise.all(crowd.map((worker, number) => work(worker, beatOf(number), until)))
const took = (performance.now() - began) / 1000
const memory = memoryOf(options.pid)
for (const { connection } of crowd) connection.close()
const sorted = Float64Array.from(latencies).sort()
console.log(
  JSON.stringify({
    rate: latencies.length / took,
    tasks: tasks / took,
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
    max: sorted.at(-1) ?? 0,
    memory,
  } satisfies Crowd),
)
