/** One service of a machine: starts its command, and again as its unit says, until it is stopped. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { childOf } from '../namespace.ts'
import { parseUnit, type Unit, words } from './unit-file.ts'

export interface Host {
  /** The machine's files, as seen from here. */
  root(): string
  /** A command that runs its arguments inside, as its own process group. */
  inside(command: readonly string[]): string[]
  /** What the lab puts into every service's environment. */
  env: Record<string, string>
  journal(text: string): void
}

export type State = 'inactive' | 'active' | 'activating' | 'failed'

export type Service = ReturnType<typeof createService>

export function createService(name: string, host: Host) {
  let state: State = 'inactive'
  let child: ChildProcess | undefined
  let stopMs = Number.POSITIVE_INFINITY
  let exited: Promise<unknown> = Promise.resolve()
  let again: NodeJS.Timeout | undefined
  let starts: number[] = []

  const say = (text: string) => host.journal(`systemd: ${name}: ${text}\n`)
  const read = () => parseUnit(readFileSync(`${host.root()}/etc/systemd/system/${name}`, 'utf8'))

  function launch(unit: Unit): void {
    const now = performance.now()
    const { burst, intervalMs } = unit.startLimit
    starts = starts.filter((at) => now - at < intervalMs)
    if (intervalMs > 0 && starts.length >= burst) {
      state = 'failed'
      say('Start request repeated too quickly.')
      return
    }
    starts.push(now)
    for (const line of unit.ignored) say(`the lab ignores ${line}`)
    const [command = '', ...args] = host.inside(commandOf(unit))
    const started = spawn(command, args, {
      env: { ...host.env, ...unit.environment, ...fromFiles(unit, host) },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    state = 'active'
    child = started
    stopMs = unit.stopMs
    for (const stream of [started.stdout, started.stderr]) {
      stream?.setEncoding('utf8').on('data', (text) => host.journal(text))
    }
    exited = new Promise((resolve) => started.once('exit', resolve))
    let group: number | undefined
    void mainOf(started).then((pid) => {
      group = pid
    })
    started.once('exit', (code, killed) => {
      // With the main process goes what it has left in its group.
      if (group !== undefined) signal(group, 'SIGKILL')
      if (child !== started) return
      child = undefined
      const failed = code !== 0 && killed !== 'SIGTERM'
      say(`Main process exited, ${killed ? `killed, ${killed}` : `status=${code}`}`)
      state = failed ? 'failed' : 'inactive'
      if (unit.restart === 'no' || (unit.restart === 'on-failure' && !failed)) return
      state = 'activating'
      again = setTimeout(() => relaunch(unit), unit.restartMs)
    })
  }

  function relaunch(unit: Unit): void {
    try {
      launch(unit)
    } catch (error) {
      state = 'failed'
      say(`Failed to start: ${(error as Error).message}`)
    }
  }

  return {
    state: () => state,
    /** As seen from here; undefined while it does not run. */
    mainPid: () => (child?.pid === undefined ? undefined : childOf(child.pid)),

    /** Throws when there is no such unit, or a wrong one. */
    start(): void {
      const unit = read()
      if (state === 'active') return
      clearTimeout(again)
      launch(unit)
    },

    /** SIGTERM for all of it, and SIGKILL when that takes too long. */
    async stop(atMostMs = Number.POSITIVE_INFINITY): Promise<void> {
      clearTimeout(again)
      state = 'inactive'
      const stopping = child
      child = undefined
      if (!stopping) return
      const pid = await mainOf(stopping)
      stopping.kill('SIGCONT')
      if (pid === undefined) return
      signal(pid, 'SIGTERM')
      const patience = Math.min(stopMs, atMostMs, 2 ** 31 - 1)
      await Promise.race([exited, sleep(patience, undefined, { ref: false })])
      // What is left of it, too. Who runs it inside has stopped with it, if it was stopped (nsenter(1)).
      signal(pid, 'SIGKILL')
      stopping.kill('SIGCONT')
      await exited
    },

    /** Its machine is gone, and so is its process: nothing is to be started again. */
    forget(): void {
      clearTimeout(again)
      child?.kill('SIGCONT')
      child = undefined
      state = 'inactive'
    },
  }
}

function commandOf({ command, directory, umask, user, noNewPrivileges }: Unit): string[] {
  const prepare = 'umask "$1" && cd "$2" && shift 2 && exec "$@"'
  const privileges = [
    ...(user ? ['--reuid', user, '--regid', user, '--init-groups'] : []),
    ...(noNewPrivileges ? ['--no-new-privs'] : []),
  ]
  const as = privileges.length > 0 ? ['setpriv', ...privileges] : []
  return ['bash', '-c', prepare, 'unit', umask, directory, ...as, ...command]
}

function fromFiles(unit: Unit, host: Host): Record<string, string> {
  const lines = unit.environmentFiles.flatMap((given) => {
    const path = given.replace(/^-/, '')
    try {
      return readFileSync(host.root() + path, 'utf8').split('\n')
    } catch (error) {
      if (given.startsWith('-')) return []
      throw error
    }
  })
  const set = lines.filter((line) => /^\w+=/.test(line))
  return Object.fromEntries(
    set.map((line) => [line.split('=')[0], words(line.replace(/^\w+=/, '')).join(' ')]),
  )
}

/** It takes a moment to get inside; undefined if it has ended. */
async function mainOf(entering: ChildProcess): Promise<number | undefined> {
  while (entering.exitCode === null && entering.signalCode === null) {
    const pid = childOf(entering.pid ?? 0)
    if (pid !== undefined) return pid
    await sleep(5)
  }
  return undefined
}

/** The whole process group, or the process while it is not yet one; it may be gone already. */
function signal(pid: number, name: NodeJS.Signals): void {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, name)
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}
