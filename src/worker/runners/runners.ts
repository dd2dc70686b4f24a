/** The runner of each kind of work, and that of jobs. */
import type { PoolRunner, Runners } from '../slot/slot.ts'
import { type CommandOptions, commandRunner } from './command/commands.ts'
import { threadRunner } from './thread/slot.ts'

export function createRunners(options: CommandOptions): { runners: Runners; jobs: PoolRunner } {
  return { runners: { sha512: threadRunner('sha512') }, jobs: commandRunner(options) }
}
