/**
 * A wire between two processes that a test can cut. While it is cut nothing passes and nothing is
 * refused: connections stay open, new ones are taken and hang, as where a network drops packets.
 * When it is mended, what was under way arrives late.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export type Wire = Awaited<ReturnType<typeof openWire>>

export async function openWire(target: string) {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  const answers: number[] = []
  let isCut = false

  function join(from: Socket, to: Socket, look: (bytes: Buffer) => void = () => {}): void {
    sockets.add(from)
    from.on('data', (bytes) => {
      look(bytes)
      to.write(bytes)
    })
    from.on('end', () => to.end())
    from.on('error', () => to.destroy())
    from.on('close', () => {
      sockets.delete(from)
      to.destroy()
    })
    if (isCut) from.pause()
  }

  const server = createServer((near) => {
    const far = connect(Number(port), hostname)
    join(near, far)
    join(far, near, (bytes) => {
      for (const [, status] of bytes.toString('latin1').matchAll(/HTTP\/1\.1 (\d{3}) /g)) {
        answers.push(Number(status))
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** The statuses of all answers that have passed. */
    answers,
    cut(): void {
      isCut = true
      for (const socket of sockets) socket.pause()
    },
    mend(): void {
      isCut = false
      for (const socket of sockets) socket.resume()
    },
    close(): void {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
