/** Kills at random: nodes, workers and `tm up` itself; what is killed comes back as a user brings it back. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from './random.ts'
import type { Machine, World } from './world.ts'

export interface ChaosOptions {
  world: World
  random: Random
  /** Milliseconds between two. */
  every: { min: number; max: number }
  /** Whether nodes are killed too, or only stopped for a while. */
  killNodes: boolean
  /** Workers that were stopped: what they do meanwhile is not in the cluster's hand. */
  stopped: Set<number>
  onAct: (text: string) => void
}

const acts = {
  killWorker: 4,
  stopWorker: 4,
  endWorker: 1,
  stopNode: 2,
  killNode: 2,
  endNode: 1,
  killUp: 1,
}

/** Leases last 2 s: a worker that is stopped for longer has lost its own. */
const workerSleep = { min: 500, max: 5000 }
/** Loans last 3 s. */
const nodeSleep = { min: 50, max: 4500 }

export function startChaos(options: ChaosOptions) {
  const { world, random, every, killNodes, stopped, onAct } = options
  const ending = new AbortController()
  const underWay = new Set<Promise<void>>()
  /** One node at a time: a sibling is there meanwhile, and `tm up` never waits for one that is stopped. */
  let nodeTurn: Promise<unknown> = Promise.resolve()

  function signal({ pid, id }: Machine, name: NodeJS.Signals): void {
    onAct(`${name} ${id} (${pid})`)
    try {
      process.kill(pid, name)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }

  const pause = ({ min, max }: { min: number; max: number }) => sleep(random.whole(min, max))

  async function stopFor(machine: Machine, time: { min: number; max: number }): Promise<void> {
    if (machine.kind === 'worker') stopped.add(machine.pid)
    signal(machine, 'SIGSTOP')
    await pause(time)
    signal(machine, 'SIGCONT')
  }

  async function bringBack(): Promise<void> {
    await pause({ min: 0, max: 1500 })
    await world.up()
  }

  const nodes: Record<string, (node: Machine) => Promise<void>> = {
    stopNode: (node) => stopFor(node, nodeSleep),
    async killNode(node) {
      signal(node, 'SIGKILL')
      await bringBack()
    },
    async endNode(node) {
      signal(node, 'SIGTERM')
      await bringBack()
    },
    async killUp(node) {
      signal(node, 'SIGKILL')
      const up = world.startUp()
      await Promise.race([up.ended.catch(() => {}), pause({ min: 50, max: 1200 })])
      onAct('SIGKILL tm up')
      up.child.kill('SIGKILL')
      await up.ended.catch(() => {})
      await bringBack()
    },
  }

  const workers: Record<string, (worker: Machine) => Promise<void> | void> = {
    killWorker: (worker) => signal(worker, 'SIGKILL'),
    endWorker: (worker) => signal(worker, 'SIGTERM'),
    stopWorker: (worker) => stopFor(worker, workerSleep),
  }

  async function act(): Promise<void> {
    const name = random.weighted(acts)
    const onWorker = workers[name]
    const machines = (await world.machines()).sort((a, b) => a.id.localeCompare(b.id))
    if (onWorker) {
      const running = machines.filter(({ kind }) => kind === 'worker')
      if (running.length > 0) await onWorker(random.pick(running))
    } else if (killNodes || name === 'stopNode') {
      const mine = nodeTurn.then(async () => {
        const id = random.pick(world.ids())
        const node = (await world.machines()).find((one) => one.kind === 'node' && one.id === id)
        if (node && !ending.signal.aborted) await nodes[name]?.(node)
      })
      nodeTurn = mine.catch(() => {})
      await mine
    }
  }

  async function loop(): Promise<void> {
    while (!ending.signal.aborted) {
      await sleep(random.whole(every.min, every.max), undefined, { signal: ending.signal }).catch(
        () => {},
      )
      if (ending.signal.aborted) return
      const one: Promise<void> = act()
        .catch((error) => problems.push(error))
        .then(() => {})
        .finally(() => underWay.delete(one))
      underWay.add(one)
    }
  }

  const problems: unknown[] = []
  const looping = loop()

  return {
    /** Everything is awake again, and every node is up. Throws what went wrong on the way. */
    async stop(): Promise<void> {
      ending.abort()
      await looping
      await Promise.all(underWay)
      await world.up()
      if (problems.length > 0) throw new AggregateError(problems, 'Bringing nodes back failed')
    },
  }
}
