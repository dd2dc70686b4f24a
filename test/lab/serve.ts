/** What machines reach besides AWS's endpoint: the metadata service, and the lab itself. */
import { createServer, type RequestListener } from 'node:http'
import type { Standin } from '../aws/standin.ts'
import { createImds, from } from './imds.ts'
import type { Machine } from './machine.ts'
import { metadataAddress } from './network.ts'

export async function serveMachines(
  standin: Standin,
  machines: ReadonlyMap<string, Machine>,
): Promise<{ close(): Promise<void> }> {
  const imds = createImds(standin)

  const commands: RequestListener = async (request, response) => {
    const id = from(standin, request)?.id ?? ''
    const body = Buffer.concat(await request.toArray()).toString()
    const [command = '', ...args] = body.split('\0').slice(0, -1)
    const { code, stdout, stderr } = await (machines.get(id)?.command(command, args) ?? {
      code: 1,
      stdout: '',
      stderr: `the lab has no machine ${id}\n`,
    })
    response.end(`${code === 0 ? stdout : stdout + stderr}${code}`)
  }

  const servers = [
    createServer(imds),
    createServer((request, response) => {
      Promise.resolve(commands(request, response)).catch(() => response.destroy())
    }),
  ]
  const listen = async (index: number, port: number, host: string) =>
    await new Promise<void>((resolve, reject) => {
      servers[index]?.once('error', reject).listen(port, host, resolve)
    })
  await listen(0, 80, metadataAddress)
  await listen(1, 81, metadataAddress)
  return {
    async close() {
      for (const server of servers) {
        const closed = new Promise((resolve) => server.close(resolve))
        server.closeAllConnections()
        await closed
      }
    },
  }
}
