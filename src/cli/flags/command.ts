/** The flags of `tm run`, and what they say. */
import { Flags } from '@oclif/core'
import { parseDuration } from '../../core/duration.ts'
import { TmError } from '../../core/errors.ts'
import { requireInteger } from '../../core/integers.ts'
import { type FailureReason, failureReasons } from '../../kinds/command/job.ts'
import type { Wanted } from '../jobs/define.ts'
import { needsFlags, readNeeds } from './needs.ts'
import { readSize } from './size.ts'
import { valueFlags } from './values.ts'
import { readVariables, type Variables } from './variables.ts'

const many = { multiple: true, multipleNonGreedy: true } as const

export const commandFlags = {
  ...valueFlags,
  out: Flags.string({
    ...many,
    description: 'a file that the command leaves, a folder (dir/) or a glob; can be repeated',
    helpGroup: 'OUTPUTS',
  }),
  'out-optional': Flags.string({
    ...many,
    description: 'the same, but it may be missing',
    helpGroup: 'OUTPUTS',
  }),
  stdout: Flags.string({
    description: 'keep stdout as an output of this name',
    helpGroup: 'OUTPUTS',
  }),
  stderr: Flags.string({
    description: 'keep stderr as an output of this name',
    helpGroup: 'OUTPUTS',
  }),
  to: Flags.string({
    description: 'the folder for the outputs, such as out/{stem} [default: this one]',
    helpGroup: 'OUTPUTS',
  }),
  overwrite: Flags.boolean({
    description: 'replace files that have other content',
    helpGroup: 'OUTPUTS',
  }),
  'max-output': Flags.string({
    default: '1GiB',
    description: 'the most that the outputs of one task may have',
    helpGroup: 'OUTPUTS',
  }),
  'max-stdout': Flags.string({
    description:
      'keep the beginning and the end of a stdout that is only shown [default: 1MiB; all if it goes into a file or a pipe]',
    helpGroup: 'OUTPUTS',
  }),
  file: Flags.string({
    ...many,
    description: 'a file that all tasks find in their folder: PATH or PATH:NAME; can be repeated',
    helpGroup: 'COMMAND',
  }),
  dir: Flags.string({
    ...many,
    description:
      'a folder that all tasks find in theirs, without .git and what .gitignore names: PATH or PATH:NAME; can be repeated',
    helpGroup: 'COMMAND',
  }),
  env: Flags.string({
    ...many,
    description:
      'set a variable for the command: NAME=VALUE, or NAME for the value that it has here; can be repeated',
    helpGroup: 'COMMAND',
  }),
  'env-file': Flags.string({
    ...many,
    description: 'set the variables in this file, one NAME=VALUE a line; can be repeated',
    helpGroup: 'COMMAND',
  }),
  ...needsFlags,
  timeout: Flags.string({
    description: 'end a command that runs longer: 30s, 10m, 2h',
    helpGroup: 'COMMAND',
  }),
  grace: Flags.string({
    default: '10s',
    description: 'the time between SIGTERM and SIGKILL',
    helpGroup: 'COMMAND',
  }),
  retries: Flags.string({
    default: '0',
    description: 'how often to run a task again whose command failed',
    helpGroup: 'FAILURE',
  }),
  'retry-on': Flags.string({
    description: `only for these exit codes or reasons: ${failureReasons.join(', ')}`,
    helpGroup: 'FAILURE',
  }),
  'fail-fast': Flags.string({
    description:
      'pause the job after so many failed tasks, or such a share: 10, 5% [default: if the first ten fail alike]; each node counts its own tasks',
    helpGroup: 'FAILURE',
  }),
  'ok-exit': Flags.string({
    default: '0',
    description: 'the exit codes that mean success, such as 0,1',
    helpGroup: 'FAILURE',
  }),
}

interface Given {
  out?: string[]
  'out-optional'?: string[]
  stdout?: string
  stderr?: string
  'max-output': string
  env?: string[]
  'env-file'?: string[]
  cpus: string
  gpus?: string
  memory?: string
  disk?: string
  timeout?: string
  grace: string
  retries: string
  'retry-on'?: string
  'ok-exit': string
}

const exitCode = { min: 0, max: 255 }

/** What the flags ask for, besides the command. `here`: the user's own environment. Throws `invalid`. */
export function readWanted(flags: Given, here: Variables): Omit<Wanted, 'command'> {
  const { timeout } = flags
  const { needs, memoryUpTo } = readNeeds(flags)
  return {
    outputs: flags.out ?? [],
    optionalOutputs: flags['out-optional'] ?? [],
    stdout: flags.stdout,
    stderr: flags.stderr,
    env: readVariables({ given: flags.env ?? [], files: flags['env-file'] ?? [], here }),
    needs,
    limits: {
      ...(memoryUpTo === undefined ? {} : { memoryUpTo }),
      okExit: flags['ok-exit']
        .split(',')
        .map((code) => requireInteger('--ok-exit', code, exitCode)),
      retries: requireInteger('--retries', flags.retries, { min: 0, max: 100 }),
      ...(flags['retry-on'] === undefined
        ? {}
        : { retryOn: flags['retry-on'].split(',').map(readRetryRule) }),
      ...(timeout === undefined ? {} : { timeout: readDuration('--timeout', timeout) }),
      grace: readDuration('--grace', flags.grace),
      maxOutput: readSize('--max-output', flags['max-output']),
    },
  }
}

function readRetryRule(text: string): FailureReason | number {
  const reason = failureReasons.find((one) => one === text)
  return reason ?? requireInteger('--retry-on', text, exitCode)
}

function readDuration(name: string, text: string): number {
  const ms = parseDuration(text)
  if (ms !== undefined && ms > 0) return ms
  throw new TmError('invalid', `${name} must be a duration such as 30s, 10m or 2h, not "${text}"`)
}
