/** Runs the steps of a setup, one after another, and passes on each line that they write. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { describeDuration } from '../../core/duration.ts'

export interface Step {
  /** As people call it. */
  name: string
  argv: [program: string, ...args: string[]]
  /** How often it runs at most: a mirror of packages may be away for a moment. */
  tries: number
}

export interface StepsOptions {
  cwd: string
  env: Record<string, string>
  timeoutMs: number
  /** Ends the step that runs. */
  signal: AbortSignal
  onLine: (line: string) => void
  /** Between two tries. */
  pauseMs?: number
}

/** After SIGTERM. */
const graceMs = 5000
/** A step may leave a service behind, which holds its output open. */
const lastWordsMs = 200

/**
 * Resolves with what went wrong, such as `the script: exit 1 after 40 s`; with undefined if nothing
 * did, or if the signal was aborted.
 */
export async function runSteps(steps: Step[], options: StepsOptions): Promise<string | undefined> {
  const { signal, pauseMs = 3000 } = options
  const until = performance.now() + options.timeoutMs
  for (const { name, argv, tries } of steps) {
    for (let number = 1; ; number += 1) {
      const began = performance.now()
      const end = await runOne(argv, { ...options, timeoutMs: until - began })
      if (signal.aborted) return undefined
      if (end === 'succeeded') break
      const took = describeDuration(performance.now() - began)
      if (end === 'too long') {
        return `${name}: not done in time`
      }
      if (number === tries) return `${name}: ${end} after ${took}`
      await sleep(pauseMs, undefined, { signal }).catch(() => {})
    }
  }
  return undefined
}

/** `exit 1`, `SIGKILL`, or why it could not start. */
async function runOne(argv: Step['argv'], options: StepsOptions): Promise<string> {
  const { cwd, env, timeoutMs, signal, onLine } = options
  if (timeoutMs <= 0) return 'too long'
  // What it makes is for everybody on this machine, unlike the files of tm.
  const child = spawn('/bin/bash', ['-c', 'umask 022; exec "$@"', 'setup', ...argv], {
    cwd,
    env,
    // Leads a group of its own, which ends as a whole.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', onLine)
  }
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    void endGroup(child)
  }, timeoutMs)
  const onAbort = () => void endGroup(child)
  signal.addEventListener('abort', onAbort)
  try {
    const end = await ended(child)
    return isLate ? 'too long' : end
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}

function ended(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    let end = ''
    const finish = () => {
      child.stdout?.destroy()
      child.stderr?.destroy()
      resolve(end)
    }
    child.once('error', (error) => {
      end = error.message
      finish()
    })
    child.once('exit', (code, killedBy) => {
      end = code === 0 ? 'succeeded' : (killedBy ?? `exit ${code}`)
      setTimeout(finish, lastWordsMs)
    })
    child.once('close', finish)
  })
}

async function endGroup({ pid, exitCode, signalCode }: ChildProcess): Promise<void> {
  if (pid === undefined || exitCode !== null || signalCode !== null) return
  kill(pid, 'SIGTERM')
  await sleep(graceMs, undefined, { ref: false })
  kill(pid, 'SIGKILL')
}

function kill(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal)
  } catch {
    // It is gone.
  }
}
