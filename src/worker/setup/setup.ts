/**
 * The setup of the machine that a worker has to itself: runs once, and leaves a mark, so that a worker
 * that starts again on the same machine, or on an image made of it, goes on at once.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  hashOfSetup,
  type Setup,
  type SetupFailure,
  type SetupState,
  setupLines,
} from '../../core/setup.ts'
import { maxLineLength } from '../../runtime/tail.ts'
import { runSteps, type Step } from './steps.ts'

export interface SetupOptions {
  /** Its own; made if it does not exist. */
  folder: string
  env: Record<string, string>
  signal: AbortSignal
  onState: (state: SetupState) => void
  /** Each line that it writes, for the log. */
  onLine: (line: string) => void
}

const packageTries = 3

/** Resolves with the failure, or with undefined if the machine is ready or the signal was aborted. */
export async function setUp(
  setup: Setup,
  { folder, env, signal, onState, onLine }: SetupOptions,
): Promise<SetupFailure | undefined> {
  const hash = hashOfSetup(setup)
  const done = join(folder, 'done')
  if (readText(done) === hash) {
    onState({ hash })
    return undefined
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const beganAt = firstStart(join(folder, 'began'), hash)
  let lines: string[] = []
  onState({ hash, running: { beganAt, line: '' } })
  const why = await runSteps(stepsOf(setup, folder), {
    cwd: folder,
    env,
    timeoutMs: setup.timeout - (Date.now() - beganAt),
    signal,
    onLine(whole) {
      const line = whole.slice(0, maxLineLength)
      if (line.trim() === '') return
      lines = [...lines, line].slice(-setupLines)
      onState({ hash, running: { beganAt, line } })
      onLine(line)
    },
  })
  if (why !== undefined) return { why: why.slice(0, maxLineLength), lines }
  if (!signal.aborted) {
    writeFileSync(done, hash, { flush: true })
    onState({ hash })
  }
  return undefined
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

/** Wall-clock milliseconds. One that starts its machine anew does not get its time anew. */
function firstStart(file: string, hash: string): number {
  const [known, at] = readText(file)?.split(' ') ?? []
  if (known === hash && Number(at) <= Date.now()) return Number(at)
  const now = Date.now()
  writeFileSync(file, `${hash} ${now}`, { flush: true })
  return now
}

function stepsOf({ packages, script }: Setup, folder: string): Step[] {
  const steps: Step[] = []
  if (packages.length > 0) {
    const argv = ['dnf', 'install', '-y', ...packages] as Step['argv']
    steps.push({ name: argv.join(' '), argv, tries: packageTries })
  }
  if (script !== undefined) {
    const file = join(folder, 'script')
    writeFileSync(file, script, { mode: 0o700 })
    steps.push({ name: 'the script', argv: ['/bin/bash', file], tries: 1 })
  }
  return steps
}
