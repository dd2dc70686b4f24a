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
  let toLose = 0

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
    let asked = ''
    join(near, far, (bytes) => {
      asked = /^(\w+ \S+) HTTP\/1\.1\r\n/.exec(bytes.toString('latin1'))?.[1] ?? asked
    })
    join(far, near, (bytes) => {
      if (toLose > 0 && asked === 'POST /v1/tasks') {
        toLose -= 1
        near.destroy()
        return
      }
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
    /** The next answers to requests with tasks are never heard: the connection breaks instead. */
    loseAnswers(count: number): void {
      toLose = count
    },
    answersToLose: () => toLose,
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
