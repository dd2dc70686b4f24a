/** The runner of each kind of work, and that of jobs. */
import type { Isolation } from '../../core/isolation.ts'
import type { PoolRunner, Runners } from '../slot/slot.ts'
import { type CommandOptions, commandRunner } from './command/commands.ts'
import type { Delegated } from './command/control-groups/delegated.ts'
import { threadRunner } from './thread/slot.ts'

/** All that a worker runs. */
export interface WorkerRunners {
  runners: Runners
  jobs: PoolRunner
  isolation: Isolation
}

/** `controlGroup`: that of the worker, which it may divide. */
export function createRunners(
  options: Omit<CommandOptions, 'controlGroup'>,
  controlGroup: Delegated,
): WorkerRunners {
  const folder = 'folder' in controlGroup ? controlGroup.folder : undefined
  return {
    runners: { sha512: threadRunner('sha512') },
    jobs: commandRunner({ ...options, controlGroup: folder }),
    isolation: folder === undefined ? 'process groups' : 'control groups',
  }
}
