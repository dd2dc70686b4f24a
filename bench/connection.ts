/**
 * One connection to a node on a raw socket, with one request at a time that was made beforehand, so
 * that whoever measures takes as little as it can of the cores that it shares with the node.
 */
import { createConnection, type Socket } from 'node:net'

export interface Address {
  host: string
  port: number
}

export interface Connection {
  /** The whole answer, head and body. Throws when it is not a success. */
  ask(request: Uint8Array): Promise<Buffer>
  close(): void
}

const success = Buffer.from('HTTP/1.1 20')
const none = Buffer.alloc(0)

export async function openConnection(address: Address): Promise<Connection> {
  const socket = await open(address)
  let buffered: Buffer = none
  let wake = () => {}
  let fail = (_: Error) => {}
  socket.on('data', (chunk: Buffer) => {
    buffered = buffered.length === 0 ? chunk : Buffer.concat([buffered, chunk])
    if (isWhole(buffered)) wake()
  })
  socket.on('error', (error) => fail(error))
  socket.on('close', () => fail(new Error('the node closed the connection')))
  return {
    async ask(request) {
      await new Promise<void>((resolve, reject) => {
        wake = resolve
        fail = reject
        socket.write(request)
      })
      const answer = buffered
      buffered = none
      if (answer.subarray(0, success.length).equals(success)) return answer
      throw new Error(answer.toString('latin1').slice(0, 400))
    },
    close: () => void socket.destroy(),
  }
}

/** A request with this body, for a node's API. */
export function requestOf(
  line: string,
  { host, port }: Address,
  headers: Record<string, string>,
  body: Uint8Array,
): Buffer {
  const all = { host: `${host}:${port}`, ...headers, 'content-length': String(body.length) }
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.concat([Buffer.from(`${line} HTTP/1.1\r\n${head.join('')}\r\n`), body])
}

/** What follows the head. Only of an answer that says its length. */
export function bodyOf(answer: Buffer): Buffer {
  return answer.subarray(answer.indexOf('\r\n\r\n') + 4)
}

/** One answer, with a length or in chunks. */
function isWhole(bytes: Buffer): boolean {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return false
  const head = bytes.toString('latin1', 0, end).toLowerCase()
  const length = /content-length: (\d+)/.exec(head)?.[1]
  if (length !== undefined) return bytes.length >= end + 4 + Number(length)
  // A head alone may end like a last chunk: `Keep-Alive: timeout=30`.
  return bytes.length > end + 4 && bytes.subarray(-5).toString('latin1') === '0\r\n\r\n'
}

async function open({ host, port }: Address): Promise<Socket> {
  return await new Promise((resolve, reject) => {
    const socket = createConnection({ host, port, noDelay: true }, () => resolve(socket))
    socket.once('error', reject)
  })
}
