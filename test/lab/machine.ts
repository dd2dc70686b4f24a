/** One instance as the lab runs it: a disk, a network namespace, and a first process. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { Standin } from '../aws/standin.ts'
import { plugIn, unplug } from './network.ts'

type Snapshot = ReturnType<Standin['instances']>[number]

export interface MachineOptions {
  /** Folder of all disks. */
  disks: string
  endpoint: string
  /** How many times as fast a minute of `shutdown` passes. */
  speed: number
  /** How often dnf fails before it works. */
  dnfFailures: number
}

export type Machine = ReturnType<typeof createMachine>

const here = join(import.meta.dirname, 'machine')

export function createMachine(instance: Snapshot, options: MachineOptions) {
  const { endpoint, speed, dnfFailures } = options
  const disk = join(options.disks, instance.id)
  // An interface has at most 15 letters in its name.
  const name = instance.id.slice(-10)
  const script = join(disk, 'user-data')
  let process_: ChildProcess | undefined
  let ended: Promise<unknown> = Promise.resolve()

  mkdirSync(disk, { recursive: true })
  writeFileSync(script, unpack(instance.userData ?? ''))
  plugIn(name, instance)

  function boot(): void {
    const args = ['netns', 'exec', name, 'unshare', '--mount', '--pid', '--fork', '--kill-child']
    const init = ['--mount-proc', '/bin/bash', join(here, 'init'), disk, script, here]
    const env = {
      PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
      AWS_ENDPOINT_URL: endpoint,
      LAB_SPEED: String(speed),
      LAB_DNF_FAILURES: String(dnfFailures),
    }
    const child = spawn('ip', [...args, ...init, process.execPath], {
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    ended = new Promise((resolve) => child.once('exit', resolve))
    process_ = child
  }

  /** All of it at once, as when the power goes. */
  async function pullPlug(): Promise<void> {
    process_?.kill('SIGKILL')
    await ended
  }

  const read = (...parts: string[]) => {
    const file = join(disk, ...parts)
    return existsSync(file) ? readFileSync(file, 'utf8') : ''
  }

  function exec(command: string): string {
    const init = readFileSync(
      `/proc/${process_?.pid}/task/${process_?.pid}/children`,
      'utf8',
    ).trim()
    const enter = ['--target', init, '--all', '/bin/sh', '-c', command]
    return execFileSync('nsenter', enter, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  }

  boot()
  return {
    instance,
    console: () => read('console'),
    journal: () => read('etc', 'upper', 'lab', 'journal'),
    /** Output of a shell command inside; throws when it fails. */
    exec,
    /** `kill -9` of the program, not of the machine. */
    killUnit: () => exec('kill -9 "$(cat /etc/lab/units/tm.service.pid)"'),

    async reboot(): Promise<void> {
      await pullPlug()
      boot()
    },

    /** As EC2 ends an instance: the system is asked first. */
    async end(): Promise<void> {
      try {
        exec('systemctl stop tm.service; sleep 1')
      } catch {
        // It has no unit yet, or is dead already.
      }
      await pullPlug()
      unplug(name)
      rmSync(disk, { recursive: true })
    },
  }
}

/** As cloud-init does: whatever is gzipped is unpacked. */
function unpack(userData: string): Buffer {
  const data = Buffer.from(userData, 'base64')
  return data[0] === 0x1f && data[1] === 0x8b ? gunzipSync(data) : data
}

/** Names of the network namespaces that there are. */
export function namespaces(): string[] {
  return existsSync('/run/netns') ? readdirSync('/run/netns') : []
}
