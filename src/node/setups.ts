/**
 * What this node knows of the setup of its workers' machines: whether it has ever worked, and how it
 * last failed. A setup that fails on two machines and has worked on none would fail on every other, and
 * each would cost money: no worker is launched until it changes.
 */
import type { Clock } from '../core/clock.ts'
import {
  describeSetupFailure,
  hashOfSetup,
  type Setup,
  type SetupFailure,
  type SetupState,
} from '../core/setup.ts'
import type { NodeDocuments } from './store/node-documents.ts'

/** A failure as a node shows it. */
export interface FailedSetup extends SetupFailure {
  worker: string
  /** Wall-clock milliseconds. */
  at: number
}

interface Record {
  hash: string
  hasWorked: boolean
  /** In a row. */
  failures: number
  last?: FailedSetup
}

const document = 'setup'
const machinesToTry = 2

export type Setups = Awaited<ReturnType<typeof loadSetups>>

/** `current`: undefined for workers that need no setup. */
export async function loadSetups(
  documents: NodeDocuments,
  { current, clock }: { current: () => Setup | undefined; clock: Clock },
) {
  let record = (await documents.load(document)) as Record | undefined

  let hashed: { setup: Setup; hash: string } | undefined

  /** Asked for each idle worker at each tick: a script may be long, and is hashed once. */
  function currentHash(): string | undefined {
    const setup = current()
    if (setup && hashed?.setup !== setup) hashed = { setup, hash: hashOfSetup(setup) }
    return setup && hashed?.hash
  }

  /** Of the setup in force. */
  function known(): Record | undefined {
    const hash = currentHash()
    return record?.hash === hash ? record : undefined
  }

  async function save(next: Record): Promise<void> {
    record = next
    await documents.save(document, next)
  }

  const isBroken = () => {
    const { hasWorked = false, failures = 0 } = known() ?? {}
    return !hasWorked && failures >= machinesToTry
  }

  return {
    current,

    /** A worker has done this setup. */
    async succeeded(hash: string): Promise<void> {
      if (hash !== currentHash()) return
      const now = known()
      const isNews = !now?.hasWorked || now.failures > 0 || now.last !== undefined
      if (isNews) await save({ hash, hasWorked: true, failures: 0 })
    },

    /** Returns whether the failure is of the setup in force. */
    async failed(hash: string, worker: string, failure: SetupFailure): Promise<boolean> {
      if (hash !== currentHash()) return false
      const { hasWorked = false, failures = 0 } = known() ?? {}
      const { why, lines } = failure
      const last = { worker, at: clock().wall, why, lines }
      await save({ hash, hasWorked, failures: failures + 1, last })
      return true
    },

    /** Whoever set the cluster up has looked at it again. */
    async tryAgain(): Promise<void> {
      const now = known()
      if (now && now.failures > 0) await save({ ...now, failures: 0 })
    },

    /** No worker has done the setup in force yet. */
    isUntried: (): boolean => currentHash() !== undefined && !known()?.hasWorked,

    /** Why no worker is launched until the setup changes; undefined if workers are. */
    refusal(): string | undefined {
      const last = known()?.last
      if (!last || !isBroken()) return undefined
      return `${describeSetupFailure(last)} (on ${machinesToTry} machines, and on none it worked)`
    },

    /** How it failed last, until a worker has done it again. */
    failure: (): FailedSetup | undefined => known()?.last,

    /** Whether a worker that is idle should make place for one with the setup in force. */
    isOutdated: (state: SetupState | undefined): boolean =>
      state !== undefined && !state.running && state.hash !== currentHash() && !isBroken(),
  }
}
