/** Nodes and workers of a local cluster as processes: what each is started with, and where it lives. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { localProvider } from '../../provider/local.ts'
import type { Machine, Provider } from '../../provider/provider.ts'
import type { Saved } from '../saved.ts'
import { writeWhole } from '../saved.ts'

/** How this `tm` starts another one. */
export interface Launcher {
  command: string[]
  env: Record<string, string | undefined>
}

export function providerOf(saved: Saved, launcher: Launcher): Provider {
  return localProvider({ cluster: saved.name, folder: saved.folder, ...launcher })
}

export async function launchNode(saved: Saved, provider: Provider, id: string): Promise<Machine> {
  const args = ['--cluster', saved.name, '--id', id]
  return await provider.launch({ id, kind: 'node', args, folder: saved.nodeFolder(id) })
}

/** The token goes through a file: arguments are there for everybody to see. */
export async function launchWorker(
  saved: Saved,
  provider: Provider,
  worker: { id: string; node: string; token: string; url: string },
): Promise<Machine> {
  const { id, node, token, url } = worker
  const folder = saved.workerFolder(id)
  const tokenFile = join(folder, 'token')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  writeFileSync(tokenFile, `${token}\n`, { mode: 0o600 })
  const place = ['--cluster', saved.name, '--id', id, '--url', url, '--token-file', tokenFile]
  return await provider.launch({ id, kind: 'worker', node, args: place, folder })
}

/** Where a node listens, written by itself once it does. */
export interface Address {
  url: string
  pid: number
}

export function writeAddress(saved: Saved, id: string, address: Address): void {
  writeWhole(join(saved.nodeFolder(id), 'address.json'), JSON.stringify(address))
}

export function readAddress(saved: Saved, id: string): Address | undefined {
  try {
    return JSON.parse(readFileSync(join(saved.nodeFolder(id), 'address.json'), 'utf8')) as Address
  } catch {
    return undefined
  }
}
