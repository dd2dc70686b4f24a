/** What Linux says of a process: memory, descriptors, sockets, and whether it is stopped. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

export interface Usage {
  /** MiB, the program itself left out. */
  memory: number
  descriptors: number
  sockets: number
}

/** Undefined for a process that has ended. */
export function usageOf(pid: number): Usage | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const memory = Number(/^RssAnon:\s+(\d+) kB/m.exec(status)?.[1]) / 1024
    const open = readdirSync(`/proc/${pid}/fd`).map((fd) => target(`/proc/${pid}/fd/${fd}`))
    const sockets = open.filter((one) => one.startsWith('socket:')).length
    return Number.isNaN(memory) ? undefined : { memory, descriptors: open.length, sockets }
  } catch {
    return undefined
  }
}

function target(link: string): string {
  try {
    return readlinkSync(link)
  } catch {
    return ''
  }
}
