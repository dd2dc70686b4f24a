/**
 * The workers of this node: the machines that its provider lists, and what those that joined say of
 * themselves. Launches and removes machines; when to do so is the scaler's decision.
 */
import type { Clock } from '../core/clock.ts'
import { messageOf } from '../core/errors.ts'
import type { Settings } from '../core/settings.ts'
import type { Machine, Provider } from '../provider/provider.ts'
import { createLaunchFailures } from './launch-failures.ts'

/** lost: it has not been heard of for longer than a lease. */
export type WorkerState = 'starting' | 'idle' | 'busy' | 'draining' | 'lost'

export interface WorkerView {
  id: string
  state: WorkerState
  slots: number
  /** Tasks in its hands. */
  running: number
  pid?: number
  /** Wall-clock milliseconds since the epoch. */
  launchedAt: number
}

/** early: the provider has not said yet where the machine is. taken: another one was faster. */
export type Admission = 'admitted' | 'unknown' | 'early' | 'elsewhere' | 'taken'

/** What a worker says of itself with every heartbeat. */
export interface Heartbeat {
  slots: number
  running: number
  draining: boolean
  pid?: number | undefined
}

export interface WorkersOptions {
  node: string
  provider: Pick<Provider, 'list' | 'terminate' | 'whyEnded'>
  /** Makes the machine of a new worker with this id. */
  launch: (id: string) => Promise<Machine>
  newId: () => string
  clock: Clock
  settings: () => Settings
  onError: (what: string, error: unknown) => void
}

interface Worker {
  id: string
  machine: Machine | undefined
  /** Undefined until it has joined. */
  heartbeat: Heartbeat | undefined
  /** What it joined with. */
  key?: string
  /** We told it to stop. */
  leaving: boolean
  launchedAt: number
  /** Steady milliseconds: when it was launched or first listed, then when it was last heard of. */
  heardAt: number
}

/**
 * Told to stop and not gone after this long: the provider makes it stop. Said to be gone and still
 * listed after this long: it is told to stop. Milliseconds.
 */
const defaultGrace = 10_000

export type Workers = ReturnType<typeof createWorkers>

export function createWorkers(options: WorkersOptions) {
  const { node, provider, clock, settings } = options
  const known = new Map<string, Worker>()
  /** Said to be gone, and since when. Perhaps still listed: a process takes a moment to end. */
  const departed = new Map<string, number>()
  const failures = createLaunchFailures(clock)
  let lastSweep = clock().steady

  function add(id: string, machine?: Machine): Worker {
    const { wall, steady } = clock()
    const launchedAt = machine?.launchedAt ?? wall
    const worker: Worker = {
      id,
      machine,
      heartbeat: undefined,
      leaving: false,
      launchedAt,
      heardAt: steady,
    }
    known.set(id, worker)
    return worker
  }

  function depart(id: string): void {
    known.delete(id)
    departed.set(id, clock().steady)
  }

  async function remove(worker: Worker, grace = defaultGrace): Promise<void> {
    worker.leaving = true
    try {
      await provider.terminate(worker.id, { grace })
      depart(worker.id)
    } catch (error) {
      worker.leaving = false
      options.onError(`worker ${worker.id} could not be removed`, error)
    }
  }

  /** A signal on its way out would turn its good end into a bad one: it gets time for its own. */
  function seeOff(listed: ReadonlyMap<string, Machine>, now: number): void {
    for (const [id, since] of departed) {
      if (!listed.has(id)) departed.delete(id)
      else if (now - since > defaultGrace) {
        departed.set(id, now)
        provider.terminate(id, { grace: defaultGrace }).catch((error) => {
          options.onError(`worker ${id} could not be removed`, error)
        })
      }
    }
  }

  function stateOf({ heartbeat, leaving, heardAt }: Worker): WorkerState {
    if (leaving || heartbeat?.draining) return 'draining'
    if (!heartbeat) return 'starting'
    if (clock().steady - heardAt > settings().lease) return 'lost'
    return heartbeat.running > 0 ? 'busy' : 'idle'
  }

  /** Never joined in time, or silent for two leases: its place is worth more than the hope. */
  function isOverdue({ heartbeat, heardAt, leaving }: Worker): boolean {
    const silent = clock().steady - heardAt
    return !leaving && silent > (heartbeat ? 2 * settings().lease : settings().bootTimeout)
  }

  return {
    /** Launches one. Its place is taken at once and given back when the launch fails. */
    async launch(): Promise<boolean> {
      const worker = add(options.newId())
      try {
        worker.machine = await options.launch(worker.id)
        return true
      } catch (error) {
        known.delete(worker.id)
        failures.add(messageOf(error))
        options.onError(`worker ${worker.id} was not launched`, error)
        return false
      }
    },

    launchFailure: failures.current,

    /**
     * Whether the machine at this address may have the token of this worker: it is the machine that
     * was launched for it, and nobody else has got the token. `key` is the machine's own choice.
     */
    admit(id: string, { address, key }: { address: string; key: string }): Admission {
      const worker = known.get(id)
      if (!worker || worker.leaving) return 'unknown'
      if (!worker.machine?.address) return 'early'
      if (worker.machine.address !== address) return 'elsewhere'
      worker.key ??= key
      return worker.key === key ? 'admitted' : 'taken'
    },

    /** A worker joins, or says that it is still there. */
    heartbeat(id: string, heartbeat: Heartbeat): void {
      // One that was still on its way when the worker left: it would bring back a ghost.
      if (departed.has(id)) return
      const worker = known.get(id) ?? add(id)
      if (!worker.heartbeat) {
        failures.clear()
      }
      worker.heartbeat = heartbeat
      worker.heardAt = clock().steady
    },

    /** Any sign of life that is not a heartbeat; `change` is how many tasks it took or gave back. */
    heard(id: string, change = 0): void {
      const worker = known.get(id)
      if (!worker?.heartbeat) return
      worker.heardAt = clock().steady
      worker.heartbeat.running = Math.max(0, worker.heartbeat.running + change)
    },

    /** Whether this worker stands in a place beyond the first so many: the oldest keep theirs. */
    isBeyond: (id: string, places: number): boolean => [...known.keys()].indexOf(id) >= places,

    isKnown: (id: string): boolean => known.has(id),
    /** It was told to stop: nothing more may be leased to it. */
    isLeaving: (id: string): boolean => known.get(id)?.leaving ?? departed.has(id),

    /** It says it is going: its place is free now; its machine is made to go if it does not. */
    down(id: string): void {
      if (known.has(id)) depart(id)
    },

    /** Tells this many to stop, idle ones first. */
    drain(count: number, grace: number): void {
      const order: WorkerState[] = ['starting', 'idle', 'lost', 'busy']
      const staying = [...known.values()].filter((worker) => stateOf(worker) !== 'draining')
      staying.sort((a, b) => order.indexOf(stateOf(a)) - order.indexOf(stateOf(b)))
      for (const worker of staying.slice(0, count)) void remove(worker, grace)
    },

    /** Compares with what the provider says exists; removes what never joined or went silent. */
    async sweep(): Promise<void> {
      const asked = clock().steady
      const machines = (await provider.list()).filter((machine) => machine.node === node)
      const listed = new Map(machines.map((machine) => [machine.id, machine]))
      for (const machine of machines) {
        const worker = known.get(machine.id)
        if (worker) worker.machine = machine
        else if (!departed.has(machine.id)) add(machine.id, machine)
      }
      seeOff(listed, asked)
      for (const worker of known.values()) {
        const wasThere = worker.machine && worker.heardAt < asked && !worker.leaving
        if (wasThere && !listed.has(worker.id)) {
          known.delete(worker.id)
          if (!worker.heartbeat) {
            const why = await provider.whyEnded(worker.id)
            failures.add(`worker ${worker.id} ended before it joined${why ? `: ${why}` : ''}`)
          }
        }
      }
      // After a pause of this process itself nobody was heard of, and nobody is to blame.
      const slept = clock().steady - lastSweep > settings().lease / 2 + settings().tick
      lastSweep = clock().steady
      if (slept) for (const worker of known.values()) worker.heardAt = lastSweep
      for (const worker of [...known.values()].filter(isOverdue)) {
        if (!worker.heartbeat) failures.add(`worker ${worker.id} did not join in time`)
        void remove(worker)
      }
    },

    active: (): number => known.size,
    draining: (): number =>
      [...known.values()].filter((worker) => stateOf(worker) === 'draining').length,

    list(): WorkerView[] {
      return [...known.values()].map((worker) => {
        const pid = worker.machine?.pid ?? worker.heartbeat?.pid
        const { slots = 0, running = 0 } = worker.heartbeat ?? {}
        const { id, launchedAt } = worker
        return { id, state: stateOf(worker), slots, running, launchedAt, ...(pid ? { pid } : {}) }
      })
    },
  }
}
