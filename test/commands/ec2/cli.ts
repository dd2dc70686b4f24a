/** The real `tm` as a process of its own, on an AWS account of the stand-in, and killed when told. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AwsError } from '../../aws/errors.ts'
import type { GivenOptions } from '../../aws/options.ts'
import { type Standin, startStandin } from '../../aws/standin.ts'
import { bin, ourPath } from '../../bin/tm.ts'

export type When = 'before' | 'after'

/** Before or after the effect of this call of the command; its first call is 1. */
export interface KillPoint {
  at: number
  when: When
}

export interface Ended {
  stderr: string
  stdout: string
  exitCode: number | null
  /** Whether the kill point was reached. */
  killed: boolean
  /** The machines run; what `tm up` does with them then needs machines that boot. */
  launched: boolean
  actions: string[]
}

export interface Interrupted {
  stderr: string
  exitCode: number | null
  tookMs: number
}

export interface Shell {
  standin: Standin
  dataDir: string
  run(args: string[], kill?: KillPoint): Promise<Ended>
  /** Ctrl-C, once `when` is true of what the command has said; and how long it took to end. */
  interrupt(
    args: string[],
    when: (stderr: string) => boolean,
    env?: Record<string, string>,
  ): Promise<Interrupted>
  close(): Promise<void>
}

/** A laptop with an account. */
export async function openShell(given: GivenOptions = {}): Promise<Shell> {
  const standin = await startStandin(given)
  const dataDir = mkdtempSync(join(tmpdir(), 'tm-ec2-'))
  return {
    standin,
    dataDir,
    run: (args, kill) => run({ standin, dataDir }, args, kill),
    interrupt: (args, when, env) => interrupt({ standin, dataDir }, args, when, env),
    async close() {
      await standin.stop()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

async function run(
  { standin, dataDir }: Pick<Shell, 'standin' | 'dataDir'>,
  args: string[],
  kill: KillPoint = { at: 0, when: 'before' },
): Promise<Ended> {
  const child = start({ standin, dataDir }, args)
  const closed = once(child, 'close')
  const first = standin.calls.length
  const seen = { stdout: '', stderr: '', killed: false, launched: false }
  child.stdout.setEncoding('utf8').on('data', (text) => {
    seen.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    seen.stderr += text
    if (seen.launched || !seen.stderr.includes('✔ public addresses')) return
    seen.launched = true
    child.kill('SIGKILL')
  })
  const unhook = standin.onCall(
    '*',
    async ({ number }) => {
      if (number - first !== kill.at) return
      seen.killed = child.kill('SIGKILL')
      await closed
      // Whatever is thrown here keeps the call from having its effect.
      if (kill.when === 'before') throw new AwsError('InternalError', 'nobody hears this')
    },
    kill.when,
  )
  const [exitCode] = await closed
  unhook()
  const actions = standin.calls.slice(first).map(({ action }) => action)
  return { ...seen, exitCode, actions }
}

function start(
  { standin, dataDir }: Pick<Shell, 'standin' | 'dataDir'>,
  args: string[],
  more: Record<string, string> = {},
) {
  const env = { ...standin.env, ...nothingElse, PATH: ourPath, TM_DATA_DIR: dataDir, ...more }
  return spawn(process.execPath, [bin, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
}

async function interrupt(
  shell: Pick<Shell, 'standin' | 'dataDir'>,
  args: string[],
  when: (stderr: string) => boolean,
  env?: Record<string, string>,
): Promise<Interrupted> {
  const child = start(shell, args, env)
  const closed = once(child, 'close')
  let stderr = ''
  let began: number | undefined
  const look = () => {
    if (began !== undefined || !when(stderr)) return
    began = performance.now()
    child.kill('SIGINT')
  }
  child.stdout.resume()
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
    look()
  })
  const looking = setInterval(look, 20)
  const [exitCode] = await closed
  clearInterval(looking)
  return { stderr, exitCode, tookMs: performance.now() - (began ?? Number.NaN) }
}

/** No profile of the machine that runs the tests. */
const nothingElse = {
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_EC2_METADATA_DISABLED: 'true',
}
