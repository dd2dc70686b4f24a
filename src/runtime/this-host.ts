/** What this computer tells about itself, as far as this process may see it. */
import { createHash } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import type { Host } from '../core/host.ts'

export function thisHost(): Host {
  const machine = told(() => readFileSync('/etc/machine-id', 'utf8').trim())
  const boot = told(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim())
  const pidNamespace = told(() => readlinkSync('/proc/self/ns/pid'))
  return {
    name: hostname(),
    // The id itself must not leave the computer (machine-id(5)).
    ...(machine ? { machine: createHash('sha256').update(`tm ${machine}`).digest('hex') } : {}),
    ...(boot ? { boot } : {}),
    ...(pidNamespace ? { pidNamespace } : {}),
  }
}

function told(read: () => string): string | undefined {
  try {
    return read() || undefined
  } catch {
    return undefined
  }
}
