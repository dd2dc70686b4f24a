/** Servers that answer as a test says: over HTTP, or with raw bytes, or not at all. */
import { createServer, type RequestListener } from 'node:http'
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from 'node:net'

export interface TestServer {
  url: string
  close(): Promise<void>
}

export async function serveHttp(answer: RequestListener): Promise<TestServer> {
  const server = createServer(answer)
  const { url, close } = await listen(server)
  return {
    url,
    async close() {
      server.closeAllConnections()
      await close()
    },
  }
}

export async function serveTcp(onConnection: (socket: Socket) => void): Promise<TestServer> {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    onConnection(socket)
  })
  const { url, close } = await listen(server)
  return {
    url,
    async close() {
      for (const socket of sockets) socket.destroy()
      await close()
    },
  }
}

/** An address at which nothing listens any more. */
export async function nowhere(): Promise<string> {
  const server = await serveTcp(() => {})
  await server.close()
  return server.url
}

async function listen(server: Server): Promise<TestServer> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
