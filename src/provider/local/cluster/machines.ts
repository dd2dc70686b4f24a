/** The provider of a local cluster's machines, and the addresses that its nodes write down. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { refuseOtherHost } from '../../../state/cluster-host.ts'
import type { ClusterState } from '../../../state/cluster-state.ts'
import { writeWhole } from '../../../state/whole-file.ts'
import type { Provider } from '../../provider.ts'
import { leftCommands } from '../left-commands.ts'
import { localProvider } from '../local.ts'

/** How this `tm` starts another process of itself. */
export interface Launcher {
  command: string[]
  env: Record<string, string | undefined>
}

/** Throws `conflict` if the cluster is in a process table that this process can't see. */
export function providerOf(state: ClusterState, launcher: Launcher): Provider {
  refuseOtherHost(state)
  return localProvider({ cluster: state.name, folder: state.folder, ...launcher })
}

/** Whether any process of the cluster is there, also a command that outlived its worker. */
export async function isRunning(state: ClusterState, launcher: Launcher): Promise<boolean> {
  const machines = await providerOf(state, launcher).list()
  return machines.length > 0 || leftCommands(state.folder).length > 0
}

/** Where a node listens. The node writes it as soon as it does. */
export interface Address {
  url: string
  pid: number
}

export function writeAddress(state: ClusterState, id: string, address: Address): void {
  writeWhole(join(state.nodeFolder(id), 'address.json'), JSON.stringify(address))
}

export function readAddress(state: ClusterState, id: string): Address | undefined {
  try {
    return JSON.parse(readFileSync(join(state.nodeFolder(id), 'address.json'), 'utf8')) as Address
  } catch {
    return undefined
  }
}
