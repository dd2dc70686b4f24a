/**
 * Commands: a program or shell line that runs once per task, in a folder of its own, with the task's
 * input, and leaves outputs. The command is the job's; a task has only the values to fill in.
 */
import { TmError } from '../../core/errors.ts'
import type { Kind } from '../kind.ts'
import { describeResult, readResult } from './result.ts'

/** What a task of a job brings. */
export interface CommandTask {
  /** Its number in the job, from 1. */
  n: number
  /** By placeholder, without those that only the worker knows. */
  values: Record<string, string>
}

/** Longer values would not fit into the header of a frame with the others. */
export const maxValuesBytes = 3000

/**
 * The cost of any command, since nobody knows it beforehand: about as much as 0.2 s of SHA-512, so
 * that a worker without a measured rate claims one at a time.
 */
const cost = 1_000_000

export const command: Kind<CommandTask> = {
  parse(given) {
    const { n, values } = (given ?? {}) as Partial<CommandTask>
    if (!Number.isSafeInteger(n) || Number(n) < 0) {
      throw new TmError('invalid', 'n must be the number of the task in its job')
    }
    if (!isTextRecord(values)) throw new TmError('invalid', 'values must be texts by placeholder')
    if (Buffer.byteLength(JSON.stringify(values)) > maxValuesBytes) {
      throw new TmError('invalid', `The values of a task must be under ${maxValuesBytes} bytes`, {
        suggestions: ['Put long values into a file and give that as the input'],
      })
    }
    return { n: n as number, values }
  },
  cost: () => cost,
  fields: ({ n, values }) => ({ n, values }),
  describe: ({ n }) => `task ${n}`,
  key: ({ n, values }) => JSON.stringify([n, values]),
  showResult(bytes) {
    const { took: ran, ...result } = readResult(bytes)
    return { result: describeResult(result), ran, ...result }
  },
}

function isTextRecord(given: unknown): given is Record<string, string> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return false
  return Object.values(given).every((value) => typeof value === 'string')
}
