/** A machine's first process: its disk, its namespaces, its console. On until `off`. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { childOf } from './namespace.ts'

const repository = join(import.meta.dirname, '../..')
const init = join(import.meta.dirname, 'guest/init.sh')

export interface Powered {
  /** Of its first process, as seen from here. */
  pid: number
  /** Kills it, and so all that runs in it. */
  off(): Promise<void>
}

export async function powerOn(
  disk: string,
  hostname: string,
  onConsole: (text: string) => void,
): Promise<Powered> {
  // What runs the tests is what `node-24` will be.
  const visible = [repository, ...(inRepository(process.execPath) ? [] : [process.execPath])]
  const kinds = ['--net', '--mount', '--pid', '--uts', '--ipc', '--fork', '--kill-child']
  const command = ['unshare', ...kinds, 'bash', init, disk, hostname, ...visible]
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...command], {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let trouble = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    trouble += text
  })
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const lines = createInterface(child.stdout)
  const ready = new Promise<string>((resolve) => lines.once('line', resolve))
  lines.on('line', (line) => {
    if (line !== 'ready') onConsole(`${line}\n`)
  })
  const said = await Promise.race([ready, gone])
  const pid = childOf(child.pid ?? 0)
  if (said !== 'ready' || pid === undefined) throw new Error(`it does not start: ${trouble}`)
  return {
    pid,
    async off() {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // It went with the lab's end.
      }
      await gone
    },
  }
}

const inRepository = (path: string) => path.startsWith(`${repository}/`)
