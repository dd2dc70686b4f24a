/** Processes in namespaces, as seen from outside. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** The first child: of `unshare` and `nsenter`, the process inside. */
export function childOf(pid: number): number | undefined {
  try {
    const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
    return child ? Number(child) : undefined
  } catch {
    return undefined
  }
}

/** Of a process: names its network as long as anything is in it. */
export function networkOf(pid: number | string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`)
  } catch {
    return undefined
  }
}

/** `pid command` of all processes, in all namespaces that are seen from here. */
export function allProcesses(): string[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .map((pid) => `${pid} ${commandLine(pid)}`)
}

/** `pid command` of all processes in these networks. */
export function processesIn(networks: ReadonlySet<string>): string[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && networks.has(networkOf(pid) ?? ''))
    .map((pid) => `${pid} ${commandLine(pid)}`)
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
  } catch {
    return ''
  }
}

/** A command that runs its arguments in all namespaces of a process. */
export function inside(pid: number, command: readonly string[]): string[] {
  const kinds = ['--mount', '--uts', '--ipc', '--net', '--pid']
  return ['nsenter', '--target', String(pid), ...kinds, '--', ...command]
}
