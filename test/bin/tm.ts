/** Runs the built `tm` as a process of its own, on this Node or on the system's old one. */
import {
  type ChildProcess,
  execFileSync,
  type StdioOptions,
  spawn,
  spawnSync,
} from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

export const root = resolve(import.meta.dirname, '../..')
export const bin = `${root}/bin/run.js`

/** Where distributions put theirs; nothing of ours, and nothing of a version manager. */
export const systemPath = '/usr/local/bin:/usr/bin:/bin'

/** With the Node that runs these tests first. */
export const ourPath = `${dirname(process.execPath)}:${systemPath}`

export const systemNode = systemPath
  .split(':')
  .map((folder) => `${folder}/node`)
  .find((file) => existsSync(file))

const version = systemNode
  ? execFileSync(systemNode, ['-p', 'process.versions.node'], { encoding: 'utf8' }).trim()
  : undefined

/** Why what an old Node does can't be seen here, if so. */
export const noOldNode =
  version === undefined
    ? `there is no node in ${systemPath}`
    : Number.parseInt(version, 10) >= 24
      ? `the node in ${systemPath} is ${version}, which is not old`
      : undefined

export interface Run {
  stdout: string
  stderr: string
  exitCode: number | null
  signal: NodeJS.Signals | null
  /** Milliseconds. */
  took: number
}

export interface RunOptions {
  /** The whole environment. */
  env?: Record<string, string>
  command?: string[]
  stdio?: StdioOptions
  onStart?: (child: ChildProcess) => void
}

/** `tm` with these arguments, until it ends. */
export async function runTm(args: string[], options: RunOptions = {}): Promise<Run> {
  const { env = { PATH: ourPath }, command = [process.execPath, bin], onStart } = options
  const [program = '', ...before] = command
  const began = performance.now()
  const stdio = options.stdio ?? ['ignore', 'pipe', 'pipe']
  const child = spawn(program, [...before, ...args], { env, stdio })
  const out = { stdout: '', stderr: '' }
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    out.stdout += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    out.stderr += text
  })
  running.add(child)
  onStart?.(child)
  return await new Promise((settle, reject) => {
    child.once('error', reject)
    child.once('close', (exitCode, signal) => {
      running.delete(child)
      settle({ ...out, exitCode, signal, took: performance.now() - began })
    })
  })
}

/** Every process that this one has started. */
export function childrenOf(pid: number): number[] {
  const table = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).stdout
  return table.split('\n').flatMap((line) => {
    const [child, parent] = line.trim().split(/\s+/).map(Number)
    return parent === pid && child ? [child] : []
  })
}

const running = new Set<ChildProcess>()

/** Ends whatever a test that failed has left behind, the inner process first. */
export function endAll(): void {
  for (const child of running) {
    for (const pid of childrenOf(child.pid as number)) process.kill(pid, 'SIGKILL')
    child.kill('SIGKILL')
  }
}
