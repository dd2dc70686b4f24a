/** Watches the processes of a cluster: never too many workers, and none that grows. */
import { setInterval as every, setTimeout as sleep } from 'node:timers/promises'
import type { Violation } from './events.ts'
import { type Usage, usageOf } from './proc.ts'
import type { Machine, World } from './world.ts'

/** No process may have more, however busy it is. */
const ceiling: Usage = { memory: 500, descriptors: 200, sockets: 120 }
/** When all is quiet a node has no more than it had when it was quiet before. */
const mayGrow: Usage = { memory: 96, descriptors: 6, sockets: 6 }
/** A node keeps a connection for 30 s after its last request; what stays longer is not idle. */
const idleConnections = 35_000
const period = 250
/** A worker says that it goes before it is gone: its place may be filled already. */
const grace = 8

export interface Peak {
  workers: number
  node: Usage
  worker: Usage
}

export type Watch = ReturnType<typeof startWatch>

export interface WatchOptions {
  world: World
  /** Processes that were stopped from outside. */
  stopped: ReadonlySet<number>
  /** Makes a process collect its garbage; without it the growth of memory is not looked at. */
  collect: ((pid: number) => Promise<void>) | undefined
}

export function startWatch({ world, stopped, collect }: WatchOptions) {
  const violations: Violation[] = []
  const quiet = new Map<number, Usage>()
  const none = { memory: 0, descriptors: 0, sockets: 0 }
  const peak: Peak = { workers: 0, node: { ...none }, worker: { ...none } }
  const ending = new AbortController()
  let tooMany = 0

  function count(machines: Machine[]): void {
    const workers = machines.filter(({ kind, pid }) => kind === 'worker' && !stopped.has(pid))
    peak.workers = Math.max(peak.workers, workers.length)
    tooMany = workers.length > world.total ? tooMany + 1 : 0
    if (tooMany !== grace) return
    const ids = workers.map(({ id }) => id).join(', ')
    violations.push({ rule: 'workers', text: `${workers.length} of ${world.total}: ${ids}` })
  }

  function compare({ id, pid }: Machine, usage: Usage, limit: Usage, how: string): void {
    for (const name of Object.keys(limit) as (keyof Usage)[]) {
      if (usage[name] <= limit[name]) continue
      const text = `${id} (${pid}) has ${Math.round(usage[name])} ${name}, ${how}`
      violations.push({ rule: 'growth', text })
    }
  }

  function limitsOf(pid: number): Usage | undefined {
    const before = quiet.get(pid)
    return (
      before && {
        memory: collect ? before.memory + mayGrow.memory : Number.POSITIVE_INFINITY,
        descriptors: before.descriptors + mayGrow.descriptors,
        sockets: before.sockets + mayGrow.sockets,
      }
    )
  }

  /** What is only idle gets the time to go. */
  async function settled(pid: number, limits: Usage | undefined): Promise<Usage | undefined> {
    const end = performance.now() + idleConnections
    for (;;) {
      const usage = usageOf(pid)
      if (!usage || !limits || performance.now() > end) return usage
      if (usage.descriptors <= limits.descriptors && usage.sockets <= limits.sockets) return usage
      await sleep(period)
    }
  }

  async function compareNode(machine: Machine): Promise<string> {
    await collect?.(machine.pid)
    const limits = limitsOf(machine.pid)
    const usage = await settled(machine.pid, limits)
    if (!usage) return `${machine.id} is gone`
    if (limits) {
      const before = JSON.stringify(quiet.get(machine.pid))
      compare(machine, usage, limits, `when it was quiet before: ${before}`)
    } else quiet.set(machine.pid, usage)
    const memory = `${Math.round(usage.memory)} MiB`
    return `${machine.id} ${memory}, ${usage.descriptors} descriptors, ${usage.sockets} sockets`
  }

  async function look(): Promise<void> {
    const machines = await world.machines()
    count(machines)
    for (const machine of machines) {
      const usage = usageOf(machine.pid)
      if (!usage) continue
      const most = peak[machine.kind]
      for (const name of Object.keys(most) as (keyof Usage)[]) {
        const isNew = usage[name] > most[name]
        if (isNew && most[name] <= ceiling[name] && usage[name] > ceiling[name])
          compare(machine, usage, ceiling, 'which is too much')
        most[name] = Math.max(most[name], usage[name])
      }
    }
  }

  async function loop(): Promise<void> {
    try {
      for await (const _ of every(period, undefined, { signal: ending.signal })) await look()
    } catch (error) {
      if (!ending.signal.aborted) throw error
    }
  }
  const looping = loop()

  return {
    peak,
    violations,

    /** When the cluster is quiet: compares each node with itself when it first was. */
    async compareNodes(): Promise<string> {
      const nodes = (await world.machines()).filter(({ kind }) => kind === 'node')
      const texts: string[] = []
      for (const machine of nodes) texts.push(await compareNode(machine))
      return texts.join('; ')
    },

    async stop(): Promise<void> {
      ending.abort()
      await looping
    },
  }
}
