/**
 * Closes the files that a node or worker has inherited. Node closes those of a child up to the first
 * gap only (uv_disable_stdio_inheritance), so a lock that a shell holds in descriptor 200 while it
 * runs `tm up` would stay held for as long as the cluster lives.
 */
import { closeSync, readdirSync, readFileSync } from 'node:fs'

/** O_CLOEXEC, which all files of this process have, and no inherited one (open(2), in octal). */
const closeOnExec = 0o2000000

/** Only where /proc tells how a file was opened; elsewhere they stay open. */
export function closeInherited(): void {
  for (const descriptor of descriptors().filter(isInherited)) {
    try {
      closeSync(descriptor)
    } catch {}
  }
}

function descriptors(): number[] {
  try {
    return readdirSync('/proc/self/fd').map(Number)
  } catch {
    return []
  }
}

function isInherited(descriptor: number): boolean {
  if (descriptor <= 2) return false
  try {
    const info = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8')
    const flags = /^flags:\s*(\d+)$/m.exec(info)?.[1]
    return flags !== undefined && (Number.parseInt(flags, 8) & closeOnExec) === 0
  } catch {
    return false
  }
}
