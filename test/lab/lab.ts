/**
 * A lab that boots instances: for each one that the stand-in says is running, a machine with its
 * network, files and processes of its own, a metadata service, and its user-data, run as it is. Only
 * dnf, systemctl and shutdown are replaced (`commands.ts`, `systemd/`).
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type GivenOptions, withDefaults } from '../aws/options.ts'
import { startStandin } from '../aws/standin.ts'
import { firewall } from './firewall.ts'
import { listLeftovers } from './leftovers.ts'
import { createMachine, type Machine, type MachineOptions } from './machine.ts'
import { hasFirewall } from './needs.ts'
import { awsAddress, buildNetwork, removeNetwork, setFirewall } from './network.ts'
import { type Output, run, start } from './run.ts'
import { serveMachines } from './serve.ts'

const root = join(import.meta.dirname, '../..')

export type { Machine, Output }

export interface LabOptions {
  /** How many times as fast the time of a machine passes. */
  speed?: number
  /** How often dnf fails on a machine before it works. */
  dnfFailures?: number
  standin?: GivenOptions
}

export type Lab = Awaited<ReturnType<typeof openLab>>

/** In the namespaces of `enter.ts`, one at a time. */
export async function openLab({ speed = 1, dnfFailures = 0, standin: given }: LabOptions = {}) {
  // Over the host's, which is not touched: what the lab writes goes with the namespace.
  await run('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/run'])
  const folder = '/run/tm-lab'
  for (const path of [folder, '/run/netns']) mkdirSync(path)
  const { vpcs, publicCidr } = withDefaults(given)
  await buildNetwork([...vpcs.map(({ cidr }) => cidr), publicCidr])
  const standin = await startStandin({
    host: awsAddress,
    ...given,
    // So that the system of an instance has some time to shut down.
    delays: { shuttingDownMs: 1000, stoppingMs: 1000, ...given?.delays },
  })
  const { world } = standin
  const machines = new Map<string, Machine>()
  const served = await serveMachines(standin, machines)
  const translated = hasFirewall()
  const pending = new Set<Promise<unknown>>()
  const failures: unknown[] = []
  const networks = new Set<string>()
  const options: MachineOptions = {
    standin,
    disks: join(folder, 'disks'),
    endpoint: standin.url,
    speed,
    dnfFailures,
    broken: [],
    translated,
    networks,
    onError: (error) => void failures.push(error),
  }
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    TM_DATA_DIR: join(folder, 'data'),
    ...standin.env,
  }

  /** In the background; `settle` waits for it. */
  function keep(work: Promise<unknown>): void {
    const kept = work.catch(options.onError)
    pending.add(kept)
    void kept.then(() => pending.delete(kept))
  }

  let asked: Promise<void> = Promise.resolve()
  async function guard(): Promise<void> {
    if (!translated) return
    // The last one asked for sees the newest state, whatever came in between.
    asked = asked.catch(() => {}).then(async () => await setFirewall(firewall(world)))
    await asked
  }

  async function onState(id: string, to: string): Promise<void> {
    const instance = standin.instances().find((one) => one.id === id)
    const machine = machines.get(id)
    if (to === 'running' && instance) {
      const booting = machine ?? createMachine(instance, { ...options })
      machines.set(id, booting)
      await guard()
      await booting.boot(instance)
    }
    if (to === 'shutting-down' || to === 'stopping') await machine?.askToStop()
    if (to === 'stopped') await machine?.end({ keepDisk: true })
    if (to === 'terminated') {
      machines.delete(id)
      await machine?.end()
      await guard()
    }
  }

  standin.events.on('state', ({ id, to }) => keep(onState(id, to)))
  standin.events.on('reboot', ({ id }) => keep(machines.get(id)?.reboot() ?? Promise.resolve()))
  for (const action of ['Authorize', 'Revoke']) {
    for (const direction of ['Ingress', 'Egress']) {
      standin.onCall(`${action}SecurityGroup${direction}`, guard, 'after')
    }
  }
  await guard()

  /** Until nothing boots or ends any more. */
  async function settle(): Promise<void> {
    while (pending.size > 0) await Promise.all(pending)
  }

  const startTm = (args: string[]) =>
    start(process.execPath, [`${root}/bin/run.js`, ...args], { env })

  async function leftovers(): Promise<string[]> {
    await settle()
    const lab = await listLeftovers({ machines, networks, disks: options.disks })
    return [...standin.leftovers(), ...lab, ...failures.map(String)]
  }

  return {
    standin,
    /** The operator's. */
    env,
    folder,
    /** Whether security groups hold, and public addresses are translated. */
    guarded: translated,
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
    tm: async (...args: string[]): Promise<Output> => await startTm(args).done,
    /** The same, to be looked at while it runs, and killed. */
    start: (...args: string[]) => startTm(args),
    /** Any command, as the operator. */
    run: async (command: string, ...args: string[]): Promise<Output> =>
      await start(command, args, { env }).done,

    /** For the machines that boot from now on. */
    set(changes: Partial<Pick<MachineOptions, 'speed' | 'dnfFailures' | 'broken'>>): void {
      Object.assign(options, changes)
    },

    /** What is still there: of AWS, and of the lab. */
    leftovers,

    /** Ends all machines. Throws when something of the lab is left. */
    async close(): Promise<void> {
      standin.events.removeAllListeners()
      await settle()
      await Promise.all([...machines.values()].map(async (machine) => await machine.end()))
      machines.clear()
      const left = await listLeftovers({ machines, networks, disks: options.disks })
      await served.close()
      await standin.stop()
      await removeNetwork()
      await run('umount', ['--lazy', '/run'])
      const wrong = [...left, ...failures.map(String)]
      if (wrong.length > 0) throw new Error(`the lab leaves: ${wrong.join('; ')}`)
    },
  }
}
