/**
 * A lab that boots instances: for each one that the stand-in says is running, a network namespace
 * with its addresses, mounts and processes of its own, a metadata service, and its user-data, run as
 * it is. Only dnf, systemctl and shutdown are replaced (`machine/`).
 */
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { GivenOptions } from '../aws/options.ts'
import { startStandin } from '../aws/standin.ts'
import { createMachine, type Machine, type MachineOptions, namespaces } from './machine.ts'
import { serveMetadata } from './metadata.ts'
import { awsAddress, buildNetwork, removeNetwork } from './network.ts'

const root = join(import.meta.dirname, '../..')

export interface LabOptions {
  speed?: number
  dnfFailures?: number
  standin?: GivenOptions
}

export interface Output {
  code: number
  stdout: string
  stderr: string
}

export type Lab = Awaited<ReturnType<typeof openLab>>

/** Once in a process: see `enter.ts`. */
export async function openLab({ speed = 1, dnfFailures = 0, standin: given }: LabOptions = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'tm-lab-'))
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', folder])
  mkdirSync('/run/netns', { recursive: true })
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', '/run/netns'])
  buildNetwork()
  const standin = await startStandin({ host: awsAddress, ...given })
  const metadata = await serveMetadata(standin)
  const machines = new Map<string, Machine>()
  const ending = new Set<Promise<void>>()
  const failures: unknown[] = []
  const options: MachineOptions = {
    disks: join(folder, 'disks'),
    endpoint: standin.url,
    speed,
    dnfFailures,
  }
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    TM_DATA_DIR: join(folder, 'data'),
    ...standin.env,
  }

  function end(id: string): void {
    const machine = machines.get(id)
    if (!machine) return
    machines.delete(id)
    // What it has said is there to be read for a while.
    standin.setConsole(id, machine.console())
    const ended = machine.end().catch((error) => void failures.push(error))
    ending.add(ended)
    void ended.then(() => ending.delete(ended))
  }

  standin.events.on('state', ({ id, to }) => {
    const instance = standin.instances().find((one) => one.id === id)
    if (to === 'running' && instance) machines.set(id, createMachine(instance, options))
    if (to === 'shutting-down' || to === 'terminated') end(id)
  })
  standin.events.on('reboot', ({ id }) => {
    machines
      .get(id)
      ?.reboot()
      .catch((error) => void failures.push(error))
  })
  standin.onCall('GetConsoleOutput', () => {
    for (const [id, machine] of machines) standin.setConsole(id, machine.console())
  })

  return {
    standin,
    env,
    folder,
    /** By the instance's id, or by its tag `tm:id`. */
    machine(which: string): Machine {
      const found = [...machines.values()].find(
        ({ instance: { id, tags } }) => id === which || tags['tm:id'] === which,
      )
      if (!found) throw new Error(`no machine ${which} runs in the lab`)
      return found
    },
    machines: () => [...machines.values()],

    /** `tm` with these arguments, as the operator; to be waited for. */
    tm: async (...args: string[]): Promise<Output> => await startTm(env, args).done,
    /** The same, to be looked at while it runs, and killed. */
    start: (...args: string[]) => startTm(env, args),

    /** For the machines that boot from now on. */
    set(changes: Partial<Pick<MachineOptions, 'speed' | 'dnfFailures'>>): void {
      Object.assign(options, changes)
    },

    /** What is still there: of AWS, and of the lab. */
    async leftovers(): Promise<string[]> {
      await Promise.all(ending)
      return [
        ...standin.leftovers(),
        ...[...machines.keys()].map((id) => `machine ${id}`),
        ...namespaces().map((name) => `namespace ${name}`),
        ...readdirSync('/proc')
          .filter((pid) => /^\d+$/.test(pid))
          .map(commandOf)
          .filter((command) => /\/opt\/tm\/|machine\/init/.test(command))
          .map((command) => `process ${command}`),
        ...failures.map(String),
      ]
    },

    async close(): Promise<void> {
      for (const id of [...machines.keys()]) end(id)
      await Promise.all(ending)
      metadata.close()
      metadata.closeAllConnections()
      await standin.stop()
      removeNetwork()
      execFileSync('umount', ['/run/netns'])
      execFileSync('umount', ['--lazy', folder])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function startTm(env: Record<string, string | undefined>, args: string[]) {
  const child = spawn(process.execPath, [join(root, 'bin/run.js'), ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output: Output = { code: 0, stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => {
    output.stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    output.stderr += chunk
  })
  const done = new Promise<Output>((resolve) => {
    child.once('close', (status) => resolve({ ...output, code: status ?? 128 }))
  })
  return { done, stderr: () => output.stderr, kill: () => child.kill('SIGKILL') }
}

function commandOf(pid: string): string {
  try {
    return execFileSync('cat', [`/proc/${pid}/cmdline`], { stdio: ['ignore', 'pipe', 'ignore'] })
      .toString()
      .replaceAll('\0', ' ')
  } catch {
    return ''
  }
}
