/** The last look after a test: processes that still have its directory in environment or arguments. */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { findProcesses } from '../../src/provider/local/process-table.ts'

/** Kills each by its id; says what they were. A process that is just ending gets a moment. */
export async function killLeftovers(directory: string): Promise<string[]> {
  for (let looks = 0; looks < 50; looks += 1) {
    if ((await processesWith(directory)).length === 0) return []
    await sleep(100)
  }
  const left = await processesWith(directory)
  for (const { pid } of left) process.kill(pid, 'SIGKILL')
  return left.map(({ pid, command }) => `${pid} ${command}`)
}

/** Every process with this directory in its environment or arguments. */
export async function processesWith(
  directory: string,
): Promise<{ pid: number; command: string }[]> {
  if (process.platform === 'linux') return fromProc(directory)
  const found = (await findProcesses('')).filter(({ args }) => args.join(' ').includes(directory))
  return found.map(({ pid, args }) => ({ pid, command: args.join(' ') }))
}

/** Independent of the tags by which tm itself finds its processes. */
function fromProc(directory: string): { pid: number; command: string }[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.flatMap((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8')
      const isMine = `${command}${environment}`.includes(directory)
      // A zombie has neither, and is gone for everybody but its parent.
      return isMine && Number(pid) !== process.pid ? [{ pid: Number(pid), command }] : []
    } catch {
      return []
    }
  })
}
