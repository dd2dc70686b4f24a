/** One instance as the lab runs it: boots, runs its user-data once, restarts, and ends. */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Standin } from '../aws/standin.ts'
import { type Kernel, startKernel } from './clock.ts'
import { createDnf, createShutdown } from './commands.ts'
import type { Snapshot } from './metadata.ts'
import { inside, networkOf } from './namespace.ts'
import { addPublicAddress, plugIn, unplug } from './network.ts'
import { type Powered, powerOn } from './power.ts'
import { type Output, run, start } from './run.ts'
import { createSystemd } from './systemd/systemctl.ts'
import { runUserData } from './user-data.ts'

export interface MachineOptions {
  standin: Standin
  /** Folder of all disks. */
  disks: string
  /** Where it finds AWS. */
  endpoint: string
  /** How many times as fast its time passes. */
  speed: number
  /** How often dnf fails before it works. */
  dnfFailures: number
  /** Commands, such as `systemctl start`, that answer and do nothing. */
  broken: readonly string[]
  /** Whether public addresses are translated on the way. */
  translated: boolean
  /** Networks that machines have had, to look for what is left in them. */
  networks: Set<string>
  onError(error: unknown): void
}

export type Machine = ReturnType<typeof createMachine>

export function createMachine(first: Snapshot, given: MachineOptions) {
  const { standin, endpoint, speed, dnfFailures, translated, networks, onError } = given
  const { id } = first
  const disk = join(given.disks, id)
  // An interface has at most 15 letters in its name.
  const name = `m${id.slice(-10)}`
  let instance = first
  let powered: Powered | undefined
  let kernel: Kernel | undefined
  const broken = new Set(given.broken)
  /** Whether its network is there, too: it comes a moment after the power. */
  let isOnline = false
  let isNew = true
  let said = ''
  let written = ''
  let turn: Promise<unknown> = Promise.resolve()
  // As systemd has it; the endpoint is the only thing that a real machine has not.
  const env = {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin',
    LANG: 'C.UTF-8',
    AWS_ENDPOINT_URL: endpoint,
  }

  const pid = () => {
    if (!powered) throw new Error(`${id} does not run`)
    return powered.pid
  }
  const root = () => `/proc/${pid()}/root`
  const behindNat = () =>
    standin.world.network.subnets.some((one) => one.id === instance.subnetId && one.nat)
  const onConsole = (text: string) => {
    said += text
    standin.setConsole(id, said)
  }
  const systemd = createSystemd({
    root,
    inside: (command) => inside(pid(), ['setsid', ...command]),
    env,
    journal(text) {
      written += text
    },
  })
  const dnf = createDnf({
    failures: dnfFailures,
    root,
    online: () => instance.publicIp !== undefined || behindNat(),
  })
  const { shutdown, forget } = createShutdown(speed, {
    off: () => standin.shutdown(id),
    reboot: () => void reboot().catch(onError),
  })

  /** One change of power at a time. */
  function inTurn(act: () => Promise<void>): Promise<void> {
    const next = turn.then(act)
    turn = next.catch(() => {})
    return next
  }

  async function on(): Promise<void> {
    mkdirSync(disk, { recursive: true })
    const hostname = `ip-${instance.privateIp.replaceAll('.', '-')}`
    powered = await powerOn(disk, hostname, onConsole)
    kernel = startKernel({ root: root(), speed, off: () => standin.shutdown(id) })
    networks.add(networkOf(powered.pid) ?? '')
    const place = { pid: powered.pid, name, privateIp: instance.privateIp }
    await plugIn(place)
    if (instance.publicIp && !translated) await addPublicAddress(place, instance.publicIp)
    isOnline = true
    systemd.boot()
    if (!isNew) return
    isNew = false
    const execute = (command: string[]) => {
      const [enter = '', ...args] = inside(pid(), command)
      return start(enter, args, { env })
    }
    void runUserData(instance.userData, root(), execute, onConsole).catch(onError)
  }

  async function off(): Promise<void> {
    forget()
    systemd.forget()
    const had = powered
    kernel?.stop()
    kernel = undefined
    powered = undefined
    isOnline = false
    if (!had) return
    await had.off()
    await unplug(name)
  }

  async function reboot(): Promise<void> {
    await inTurn(async () => {
      await systemd.stop(2000)
      await off()
      await on()
    })
  }

  return {
    get instance() {
      return instance
    },
    isOn: () => isOnline,
    root,
    console: () => said,
    journal: () => written,

    boot(now: Snapshot): Promise<void> {
      instance = now
      return inTurn(on)
    },
    reboot,
    /** As EC2 asks a system to shut down. */
    askToStop: () => inTurn(async () => await systemd.stop(Number.POSITIVE_INFINITY)),
    /** The power goes; with `disk`, its disk too. */
    async end({ keepDisk = false } = {}): Promise<void> {
      // Not in turn: who was asked to stop and takes too long is not waited for.
      await off()
      await inTurn(off)
      if (!keepDisk) rmSync(disk, { recursive: true, force: true })
    },

    /** Output of a shell command inside; throws when it fails. */
    exec: async (command: string): Promise<string> => {
      const [enter = '', ...args] = inside(pid(), ['bash', '-c', command])
      return await run(enter, args, { env })
    },

    /** `kill -9` of a service's main process, not of the machine; or another signal. */
    killUnit(unit = 'tm.service', signal: NodeJS.Signals = 'SIGKILL'): void {
      const main = systemd.service(unit).mainPid()
      if (main === undefined) throw new Error(`${unit} does not run on ${id}`)
      process.kill(main, signal)
    },

    /** So much time passes inside, at once. */
    skip: (ms: number) => kernel?.skip(ms),
    /** From now on these do nothing, and say that they have done it. */
    breakCommands: (...names: string[]) => {
      for (const name of names) broken.add(name)
    },

    /** What stands for dnf, systemctl and shutdown inside. */
    async command(command: string, args: readonly string[]): Promise<Output> {
      if (broken.has(command) || broken.has(`${command} ${args[0]}`))
        return { code: 0, stdout: '', stderr: '' }
      if (command === 'dnf') return dnf(args)
      if (command === 'systemctl' && args[0] === 'poweroff') return shutdown(['-P', 'now'])
      if (command === 'systemctl') return await systemd.systemctl(args)
      if (command === 'shutdown') return shutdown(args)
      if (command === 'poweroff') return shutdown(['-P', 'now'])
      return { code: 127, stdout: '', stderr: `the lab does not know ${command}\n` }
    },
  }
}
