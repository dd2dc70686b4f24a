/** `systemctl` of a machine: its services, and which of them start when it boots. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import type { Output } from '../run.ts'
import { createService, type Host, type Service } from './service.ts'
import { parseUnit } from './unit-file.ts'

const wants = '/etc/systemd/system/multi-user.target.wants'

export type Systemd = ReturnType<typeof createSystemd>

export function createSystemd(host: Host) {
  const services = new Map<string, Service>()
  const fullName = (name: string) => (name.includes('.') ? name : `${name}.service`)
  const service = (name: string): Service => {
    const known = services.get(name) ?? createService(name, host)
    services.set(name, known)
    return known
  }
  const fileOf = (name: string) => `${host.root()}/etc/systemd/system/${name}`

  function enable(name: string): Output {
    if (!parseUnit(readFileSync(fileOf(name), 'utf8')).wantedBy.includes('multi-user.target')) {
      return failed(1, 'The unit files have no installation config (the lab: multi-user.target).')
    }
    const link = `${host.root()}${wants}/${name}`
    if (existsSync(link)) return done('')
    mkdirSync(host.root() + wants, { recursive: true })
    symlinkSync(`../${name}`, link)
    return done('')
  }

  async function act(verb: string, name: string, now: boolean): Promise<Output> {
    if (!existsSync(fileOf(name))) return failed(5, `Unit ${name} not found.`)
    const one = service(name)
    const active = ['active', 'activating'].includes(one.state())
    if (verb === 'is-active') return { ...done(`${one.state()}\n`), code: active ? 0 : 3 }
    if (verb === 'is-enabled') {
      const enabled = existsSync(`${host.root()}${wants}/${name}`)
      return { ...done(enabled ? 'enabled\n' : 'disabled\n'), code: enabled ? 0 : 1 }
    }
    if (verb === 'status')
      return { ...done(`${name}\n  Active: ${one.state()}\n`), code: active ? 0 : 3 }
    if (verb === 'stop' || verb === 'restart') await one.stop()
    if (verb === 'disable') {
      rmSync(`${host.root()}${wants}/${name}`, { force: true })
      if (now) await one.stop()
    }
    const enabled = verb === 'enable' ? enable(name) : done('')
    if (enabled.code !== 0) return enabled
    if (verb === 'start' || verb === 'restart' || (verb === 'enable' && now)) one.start()
    return done('')
  }

  return {
    service: (name: string) => service(fullName(name)),

    async systemctl(args: readonly string[]): Promise<Output> {
      const [verb = '', ...names] = args.filter((arg) => !arg.startsWith('-'))
      const strange = args.filter(
        (arg) => /^-/.test(arg) && !/^(--now|--no-block|--quiet|-q)$/.test(arg),
      )
      const verbs = /^(start|stop|restart|status|is-active|is-enabled|enable|disable)$/
      if (verb === 'daemon-reload' && strange.length === 0) return done('')
      if (strange.length > 0 || !verbs.test(verb) || names.length !== 1) {
        return failed(1, `the lab's systemctl does not know: ${args.join(' ')}`)
      }
      try {
        return await act(verb, fullName(names[0] ?? ''), args.includes('--now'))
      } catch (error) {
        return failed(1, `Failed to ${verb} ${names[0]}: ${(error as Error).message}`)
      }
    },

    /** What is enabled starts with the machine. */
    boot(): void {
      const folder = host.root() + wants
      for (const name of existsSync(folder) ? readdirSync(folder) : []) service(name).start()
    },

    stop: async (atMostMs: number) =>
      void (await Promise.all([...services.values()].map((one) => one.stop(atMostMs)))),

    forget(): void {
      for (const one of services.values()) one.forget()
    },
  }
}

const done = (stdout: string): Output => ({ code: 0, stdout, stderr: '' })
const failed = (code: number, text: string): Output => ({ code, stdout: '', stderr: `${text}\n` })
