/** Servers that stall in every way that a network or a sick process can. */
import type { Socket } from 'node:net'
import { serveTcp, type TestServer } from './server.ts'

const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n'

export const stallingPeers: [string, (socket: Socket) => void][] = [
  ['accepts and never answers', () => {}],
  [
    'answers a byte a second',
    (socket) => {
      socket.write(head)
      const drip = setInterval(() => socket.write('['), 1000)
      socket.once('close', () => clearInterval(drip))
    },
  ],
  ['stops in the middle of its answer', (socket) => socket.write(`${head}{"tasks":[`)],
]

export async function serveStalling(stall: (socket: Socket) => void): Promise<TestServer> {
  return await serveTcp((socket) => {
    socket.once('data', () => stall(socket))
  })
}
