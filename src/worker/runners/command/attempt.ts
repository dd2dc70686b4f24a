/**
 * One attempt of a command: a folder with the input, the command in it, its outputs on their way to
 * the node, and the folder gone again.
 */
import { rmSync, statfsSync } from 'node:fs'
import { basename } from 'node:path'
import { formatBytes } from '../../../core/bytes.ts'
import { messageOf } from '../../../core/errors.ts'
import { leastDisk, oneCpu } from '../../../core/resources.ts'
import type { Lease } from '../../../core/task.ts'
import type { CommandTask } from '../../../kinds/command/command.ts'
import type { Job } from '../../../kinds/command/job.ts'
import { fill, type Template } from '../../../kinds/command/placeholders.ts'
import { writeResult } from '../../../kinds/command/result.ts'
import type { Outcome } from '../../outcome.ts'
import type { AttemptFolder, AttemptFolders } from './attempt-folders.ts'
import { declaredOutputs } from './declared-outputs.ts'
import { environmentOf } from './environment.ts'
import { failedAttempt, useOf } from './failed-attempt.ts'
import { type Failure, failureOf, moreMemory, runsAgain } from './failure.ts'
import { writeInputs } from './inputs.ts'
import type { StreamFiles } from './last-line.ts'
import type { Ended } from './messages.ts'
import { OutputProblem, sendOutputs } from './outputs.ts'
import { BadArchive } from './shared/extract.ts'
import type { Spawner } from './spawner-process.ts'
import { streamLimits } from './stream-limits.ts'
import { lastLines } from './tail.ts'

export interface AttemptOptions {
  job: Job
  lease: Lease
  spawner: Spawner
  folders: Pick<AttemptFolders, 'take' | 'remove'>
  /** How the tags of its processes begin, so that `tm down` finds them. */
  clusterTag: string
  /** `PATH` and such: what a command finds in its environment besides its own values. */
  environment: Record<string, string>
  /**
   * Called when the command begins, with the files that its streams go to. What it returns is called
   * when the command has ended.
   */
  onBegin?: (files: StreamFiles) => () => Promise<void>
  /** Puts what the job shares into the folder of the command. */
  share?: (place: AttemptFolder) => Promise<void>
  /** The command has ended. Its outputs are still to be sent. */
  onEnded?: () => void
  /** The numbers of those that it has for itself. */
  gpus: number[]
  /** Bytes that the worker has for commands, if nothing else runs. */
  mostMemory: () => number
  /** Ends the command: it was cancelled, or the worker stops. */
  signal: AbortSignal
  partBytes: number
  /** Stores a part of the outputs. Resolves when it is stored; throws `LeaseLost`. */
  send: (part: number, bytes: Uint8Array<ArrayBuffer>, signal: AbortSignal) => Promise<void>
}

/** Another worker has the task now. */
export class LeaseLost extends Error {}

/** A disk that is full or broken, or too little of what a process needs. */
const machineFaults = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'EMFILE', 'ENFILE', 'ENOMEM'])

export async function runAttempt(options: AttemptOptions): Promise<Outcome> {
  const { job, lease, folders, signal } = options
  let place: AttemptFolder | undefined
  try {
    place = await folders.take()
    const values = valuesOf(job, lease)
    await options.share?.(place)
    const ended = await run(options, place, values)
    options.onEnded?.()
    if (signal.aborted) return { kind: 'stopped' }
    const failure =
      failureOf(ended, { ...job, needs: needsOf(job, lease), limits: streamLimits(job) }) ??
      (await deliver(options, place, values, ended))
    if ('kind' in failure) return failure
    return failed(failure, options, place, ended)
  } catch (error) {
    if (signal.aborted) return { kind: 'stopped' }
    if (error instanceof BadArchive) return { kind: 'failed', error: error.message, final: true }
    if (error instanceof LeaseLost) return { kind: 'stopped' }
    // Another attempt may do better.
    const failure = {
      kind: 'failed',
      error: `the worker can't run it: ${messageOf(error)}`,
    } as const
    const isOfMachine = machineFaults.has((error as NodeJS.ErrnoException).code ?? '')
    return { ...failure, lost: true, ...(isOfMachine ? { machineFault: true } : {}) }
  } finally {
    if (place) folders.remove(place)
  }
}

/** More than the job says, if the task has run out of memory before. */
const needsOf = (job: Job, lease: Lease) => lease.needs ?? job.needs ?? oneCpu

/** The values of the task, and those that only the worker knows. */
function valuesOf(job: Job, lease: Lease): Record<string, string> {
  const { values } = lease.spec as CommandTask
  const own = { ...values, task: lease.id, attempt: String(lease.attempt) }
  return 'memory' in values ? { ...own, memory: String(needsOf(job, lease).memory) } : own
}

async function run(
  { job, lease, spawner, environment, signal, onBegin, clusterTag, gpus }: AttemptOptions,
  place: AttemptFolder,
  values: Record<string, string>,
): Promise<Ended> {
  const { cwd, temporary, stdin, user } = place
  const inputs = writeInputs({ input: job.input, body: lease.body, values, cwd, stdin, user })
  const { timeout, grace } = job
  const needs = needsOf(job, lease)
  const onEnd = onBegin?.(place)
  try {
    return await spawner.run(
      {
        argv: argvOf(job.run, values, inputs),
        env: environmentOf({
          // Nobody else's home is open to it.
          base: user === undefined ? environment : { ...environment, HOME: temporary },
          job,
          cpus: needs.cpus,
          gpus,
          temporary,
          values,
        }),
        cpus: needs.cpus,
        memory: needs.memory,
        tag: clusterTag + basename(place.root),
        cwd: place.cwd,
        ...(user === undefined ? {} : { user }),
        ...(job.input === 'stdin' ? { stdin: place.stdin } : {}),
        stdout: place.stdout,
        stderr: place.stderr,
        limits: streamLimits(job),
        ...(timeout === undefined ? {} : { timeout }),
        grace,
      },
      signal,
    )
  } finally {
    await onEnd?.()
  }
}

/** `inputs`: what `{in}` stands for if the task has several files. */
function argvOf(run: Job['run'], values: Record<string, string>, inputs: string[]): string[] {
  if ('script' in run) {
    // The first word behind the script is the name of the shell.
    const words = inputs.length > 0 ? ['/bin/sh', ...inputs] : []
    return ['/bin/sh', '-c', run.script, ...words]
  }
  return run.argv.flatMap((template) =>
    isList(template, inputs) ? inputs : [fill(template, values)],
  )
}

function isList([part, more]: Template, inputs: string[]): boolean {
  const isInput = typeof part === 'object' && part.value === 'in' && more === undefined
  return isInput && inputs.length > 0
}

/** Sends the outputs. They count from when the result is reported. */
async function deliver(
  { job, partBytes, send, signal }: AttemptOptions,
  place: AttemptFolder,
  values: Record<string, string>,
  ended: Ended,
): Promise<Outcome | Failure> {
  const { exit = 0, took, leftBehind } = ended
  const over = new AbortController()
  try {
    const { files, leftOut } = await declaredOutputs(job, place, values)
    const sent = await sendOutputs(files, {
      partBytes,
      maxBytes: job.maxOutput,
      send: (part, bytes) => send(part, bytes, AbortSignal.any([signal, over.signal])),
    })
    const left = { ...(leftOut > 0 ? { leftOut } : {}), ...(leftBehind > 0 ? { leftBehind } : {}) }
    const result = { exit, took, ...useOf(ended), outputs: sent.files, ...left }
    return { kind: 'succeeded', result: writeResult(result), outputs: sent.small }
  } catch (error) {
    if (error instanceof OutputProblem) return { reason: 'output', what: error.message }
    // The command has removed its folder, or made an output unreadable.
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'EACCES') return { reason: 'output', what: messageOf(error) }
    throw error
  } finally {
    // Parts that are still on their way, of outputs that are refused.
    over.abort()
  }
}

function failed(
  failure: Failure,
  { job, lease, mostMemory }: AttemptOptions,
  place: AttemptFolder,
  ended: Ended,
): Outcome {
  const { failures = 0 } = lease
  const said = lastLines(place.stderr) || lastLines(place.stdout)
  // It may not even have been able to say so.
  const what = isFull(place.root) ? `${failure.what}, and the disk is full` : failure.what
  const memory = moreMemory(failure, { ...job, needs: needsOf(job, lease) }, mostMemory())
  const next = memory === undefined ? failure.way : `the next attempt has ${formatBytes(memory)}`
  const error = [what, next, said].filter((part) => part).join(': ')
  const outcome = { kind: 'failed', error, attempt: failedAttempt(failure, ended, place) } as const
  if (memory !== undefined) return { ...outcome, memory }
  if (failure.isOfMachine) return { ...outcome, lost: true }
  return runsAgain(failure, job, failures) ? outcome : { ...outcome, final: true }
}

function isFull(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize < leastDisk
  } catch {
    // The command has removed it.
    return false
  }
}

/** Removes what this worker, or an earlier process of it, has left. */
export function removeAttempts(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}
