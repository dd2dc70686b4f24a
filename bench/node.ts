/** A node as `tm up --local` starts one, in a folder of its own, for as long as a benchmark takes. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Client, connect } from '../src/api/client.ts'
import { signToken } from '../src/core/tokens.ts'
import type { Address } from './connection.ts'

const tm = fileURLToPath(new URL('../bin/run.js', import.meta.url))

export interface BenchNode {
  url: string
  token: string
  /** Of the cluster, in hex. */
  secret: string
  client: Client
  pid: number
  env: Record<string, string>
  stop(): Promise<void>
}

/** `args` for `tm node serve`; workers come as its settings say. `more` is of its environment. */
export async function startNode(
  args: string[] = [],
  more: Record<string, string> = {},
): Promise<BenchNode> {
  const dataDir = mkdtempSync(join(tmpdir(), 'tm-bench-'))
  const { PATH = '', HOME = '' } = process.env
  const env = { PATH, HOME, TM_DATA_DIR: dataDir }
  const serve = [tm, 'node', 'serve', '--cluster', 'bench', '--id', 'node-1', ...args]
  const child = spawn(process.execPath, serve, {
    env: { ...env, ...more },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const cluster = join(dataDir, 'clusters/bench')
  const address = join(cluster, 'nodes/node-1/address.json')
  while (!existsSync(address)) {
    if (child.exitCode !== null) throw new Error(`the node ended with ${child.exitCode}`)
    await sleep(20)
  }
  const { url } = JSON.parse(readFileSync(address, 'utf8')) as { url: string }
  const secret = readFileSync(join(cluster, 'secret'), 'utf8').trim()
  const key = new Uint8Array(Buffer.from(secret, 'hex'))
  const token = signToken(key, { role: 'admin', subject: 'bench' })
  return {
    url,
    token,
    secret,
    client: connect({ url, token }),
    pid: child.pid as number,
    env,
    async stop() {
      // First: tm down refuses to remove the data of a node that runs but was not started by tm up.
      await ended(child)
      execFileSync(process.execPath, [tm, 'down', '--cluster', 'bench', '--yes'], {
        env,
        stdio: 'ignore',
      })
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill()
  await new Promise((resolve) => child.once('exit', resolve))
}

/** For as long as `use` takes, however it ends. */
export async function withNode<T>(
  args: string[],
  use: (node: BenchNode) => Promise<T>,
  moreEnv: Record<string, string> = {},
): Promise<T> {
  const node = await startNode(args, moreEnv)
  try {
    return await use(node)
  } finally {
    await node.stop()
  }
}

export function addressOf({ url }: BenchNode): Address {
  const { hostname, port } = new URL(url)
  return { host: hostname, port: Number(port) }
}

/** Resident memory of a process, in bytes. */
export function memoryOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) * 1024
}
