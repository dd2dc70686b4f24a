/** moto's server, as a process of its own; found in `.ci/moto` or on the PATH. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../free-port.ts'

export function findMoto(): string | undefined {
  const places = [
    join(import.meta.dirname, '../../.ci/moto/bin'),
    ...(process.env.PATH ?? '').split(delimiter),
  ]
  return places.map((place) => join(place, 'moto_server')).find((file) => existsSync(file))
}

export async function startMoto(file: string): Promise<{ url: string; stop(): Promise<void> }> {
  const port = await freePort()
  const server: ChildProcess = spawn(file, ['-H', '127.0.0.1', '-p', String(port)], {
    stdio: 'ignore',
  })
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()))
  const url = `http://127.0.0.1:${port}`
  while (!(await fetch(url).catch(() => undefined))) {
    if (server.exitCode !== null) throw new Error(`${file} ended with ${server.exitCode}`)
    await sleep(100)
  }
  return {
    url,
    async stop() {
      server.kill()
      await ended
    },
  }
}
