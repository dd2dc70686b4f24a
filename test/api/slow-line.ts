/** A line to a server that carries only so many bytes a second, each way. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface SlowLine {
  url: string
  close(): Promise<void>
}

export async function openSlowLine(target: string, bytesPerSecond: number): Promise<SlowLine> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()

  async function carry(from: Socket, to: Socket): Promise<void> {
    sockets.add(from)
    // Against the time that should have passed, because a pause is longer than it was asked for.
    let dueMs = performance.now()
    for await (const bytes of from as AsyncIterable<Buffer>) {
      if (!to.write(bytes)) await Promise.race([once(to, 'drain'), once(to, 'close')])
      dueMs = Math.max(dueMs, performance.now() - 100) + (bytes.length * 1000) / bytesPerSecond
      const earlyMs = dueMs - performance.now()
      if (earlyMs > 1) await sleep(earlyMs)
    }
    to.end()
  }

  const server = createServer((near) => {
    const far = connect(Number(port), hostname)
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('error', () => {})
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
      carry(from, to).catch(() => to.destroy())
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
