/** What is still there of machines: processes, interfaces and disks. */
import { existsSync, readdirSync } from 'node:fs'
import type { Machine } from './machine.ts'
import { processesIn } from './namespace.ts'
import { links } from './network.ts'

interface Where {
  machines: ReadonlyMap<string, Machine>
  /** All that machines have ever had. */
  networks: ReadonlySet<string>
  disks: string
}

export async function listLeftovers({ machines, networks, disks }: Where): Promise<string[]> {
  const ended = (name: string) => ![...machines.keys()].some((id) => id.endsWith(name))
  return [
    ...[...machines.keys()].map((id) => `machine ${id}`),
    ...(machines.size > 0 ? [] : processesIn(networks)).map((one) => `process ${one}`),
    ...(await links()).filter((one) => ended(one.slice(1))).map((one) => `interface ${one}`),
    ...(existsSync(disks) ? readdirSync(disks) : []).filter(ended).map((one) => `disk ${one}`),
  ]
}
