/** Machines of workers that were of no use: that counts as a failed launch, and of their setup if it ran. */
import { describeSetupFailure, type SetupFailure } from '../core/setup.ts'
import type { LaunchFailures } from './launch-failures.ts'
import type { Setups } from './setups.ts'
import type { Worker } from './worker-state.ts'

interface Parts {
  setups: Pick<Setups, 'failed'>
  failures: Pick<LaunchFailures, 'add'>
}

type Machine = Pick<Worker, 'id' | 'heartbeat'>

export function createFailedMachines({ setups, failures }: Parts) {
  /** Whether it is a failure of the setup in force. The next machine would cost money for nothing. */
  async function setupFailed(id: string, hash: string, failure: SetupFailure): Promise<boolean> {
    if (!(await setups.failed(hash, id, failure))) return false
    failures.add(`${describeSetupFailure(failure)} (worker ${id})`)
    return true
  }

  /** False if no setup was running. */
  async function whileSettingUp({ id, heartbeat }: Machine, why: string): Promise<boolean> {
    const { hash, running } = heartbeat?.setup ?? {}
    if (hash === undefined || !running) return false
    return await setupFailed(id, hash, { why, lines: running.line === '' ? [] : [running.line] })
  }

  return {
    setupFailed,

    /** It has ended soon. `why` in words. */
    async ended(machine: Machine, why: string): Promise<void> {
      if (!(await whileSettingUp(machine, why))) failures.add(why)
    },

    /** It never was a worker, and is not waited for any more. */
    async overdue(machine: Machine): Promise<void> {
      const silent = 'its machine gave no sign of life any more'
      if (await whileSettingUp(machine, silent)) return
      const what = machine.heartbeat ? 'went silent before it was ready' : 'did not join in time'
      failures.add(`worker ${machine.id} ${what}`)
    },
  }
}
