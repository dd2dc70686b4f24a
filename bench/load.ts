/**
 * A load generator, in a process of its own: so many connections, each with one request at a time,
 * for so long. Raw sockets and requests that are made beforehand, so that it takes as little as it
 * can of the cores that it shares with the node. `node bench/load.ts JSON` prints JSON.
 */
import { createConnection, type Socket } from 'node:net'
import { v7 } from 'uuid'
import { encodeFrames } from '../src/core/frames.ts'
import { percentile } from './table.ts'

export interface LoadOptions {
  host: string
  port: number
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
const { host, port, token, connections, size, tasks, seconds } = options
const latencies: number[] = []
const wanted = Buffer.from('HTTP/1.1 20')

function single(): Buffer {
  const head = [
    'PUT /enqueue?iterations=1 HTTP/1.1',
    `host: ${host}:${port}`,
    `authorization: Bearer ${token}`,
    `content-length: ${size}`,
  ]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), Buffer.alloc(size, 120)])
}

async function bulk(): Promise<Buffer> {
  const frames = Array.from({ length: tasks }, () => ({
    header: { id: v7(), iterations: 1 },
    body: new Uint8Array(size).fill(120),
  }))
  const body = Buffer.from(await new Response(encodeFrames(frames)).arrayBuffer())
  const head = [
    'POST /v1/tasks HTTP/1.1',
    `host: ${host}:${port}`,
    `authorization: Bearer ${token}`,
    'content-type: application/vnd.tm.frames',
    `content-length: ${body.length}`,
  ]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body])
}

async function drive(socket: Socket, until: number): Promise<void> {
  const request = tasks === 1 ? single() : undefined
  let buffered: Buffer = Buffer.alloc(0)
  let wake = () => {}
  socket.on('data', (chunk: Buffer) => {
    buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk])
    if (isWhole(buffered)) wake()
  })
  while (performance.now() < until) {
    const bytes = request ?? (await bulk())
    const began = performance.now()
    await new Promise<void>((resolve) => {
      wake = resolve
      socket.write(bytes)
    })
    if (!buffered.subarray(0, wanted.length).equals(wanted)) {
      throw new Error(buffered.toString('latin1').slice(0, 400))
    }
    buffered = Buffer.alloc(0)
    latencies.push(performance.now() - began)
  }
  socket.destroy()
}

/** One answer, with a length or in chunks. */
function isWhole(bytes: Buffer): boolean {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return false
  const head = bytes.toString('latin1', 0, end).toLowerCase()
  const length = /content-length: (\d+)/.exec(head)?.[1]
  if (length !== undefined) return bytes.length >= end + 4 + Number(length)
  return bytes.subarray(-5).toString('latin1') === '0\r\n\r\n'
}

async function open(): Promise<Socket> {
  return await new Promise((resolve, reject) => {
    const socket = createConnection({ host, port, noDelay: true }, () => resolve(socket))
    socket.once('error', reject)
  })
}

const sockets = await Promise.all(Array.from({ length: connections }, open))
const began = performance.now()
await Promise.all(sockets.map((socket) => drive(socket, began + seconds * 1000)))
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
