/** A job: one command for many tasks, as the client sends it and a worker runs it. */
import type { Resources } from '../../core/resources.ts'
import type { Template } from './placeholders.ts'
import type { SharedFile } from './shared.ts'

/** The reasons for which an attempt of a command may fail. */
export const failureReasons = ['exit', 'signal', 'timeout', 'memory', 'output', 'start'] as const
export type FailureReason = (typeof failureReasons)[number]

export interface OutputPattern {
  /** A name, a folder (with `/` at its end) or a glob, inside the folder of the attempt. */
  name: Template
  /** It may be missing. */
  optional?: boolean
}

export interface Job {
  /** A script for `sh -c`, or the arguments of a program, the first of which is its name. */
  run: { script: string } | { argv: Template[] }
  /**
   * Where the body goes: to a file with the name that `{name}` has, to stdin, or to several files, for
   * which the body is frames with the header `{name}`.
   */
  input: 'file' | 'files' | 'stdin' | 'none'
  env: Record<string, string>
  /** What all its tasks share. */
  shared?: SharedFile[]
  outputs: OutputPattern[]
  /** The names under which stdout and stderr are outputs. */
  stdout?: Template
  stderr?: Template
  /** The most bytes of stdout to keep, from its beginning and its end. All of it if undefined. */
  maxStdout?: number
  /** Exit codes that mean success. */
  okExit: number[]
  /** How many times to run a task again whose command failed. */
  retries: number
  /** For which failures: reasons, or exit codes. All of them if undefined. */
  retryOn?: (FailureReason | number)[]
  /** What each task needs of its worker; one processor if undefined. */
  needs?: Resources | undefined
  /** Bytes: a task that runs out of memory gets twice as much, up to this. Not if undefined. */
  memoryUpTo?: number
  /** Milliseconds. No limit if undefined. */
  timeout?: number
  /** Milliseconds between SIGTERM and SIGKILL. */
  grace: number
  /** The most bytes that the outputs of one task may have. */
  maxOutput: number
}

/** The name of a job, and of the values that its command has. For people. */
export interface JobInfo {
  /** Small and growing, for people: `tm job 3`. */
  number: number
  name: string
  /** The command as it was typed. */
  line: string
  /** How many tasks it has, on all nodes. */
  tasks: number
  /** How many of them are tasks of earlier jobs, by the id of the job: they are not sent again. */
  taken?: { job: string; tasks: number }[]
  /** So many failed tasks pause it. If undefined, it is paused if the first ten fail alike. */
  failFast?: number
  /** Until a task has succeeded, each node lets one worker at a time run it. */
  canary?: boolean
  /** It leaves nothing but stdout, which is for a terminal. */
  printsStdout: boolean
}

export interface JobDefinition extends JobInfo {
  job: Job
}
