/** Commands, run without blocking: the lab answers its machines from the same event loop. */
import { spawn } from 'node:child_process'

export interface Output {
  code: number
  stdout: string
  stderr: string
}

export interface RunOptions {
  input?: string
  env?: Record<string, string | undefined>
}

/** Starts a command, to be looked at while it runs, and killed. */
export function start(command: string, args: readonly string[], options: RunOptions = {}) {
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.env && { env: options.env }),
  })
  const output: Output = { code: 0, stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (chunk) => {
      output[stream] += chunk
    })
  }
  // A command that does not read its input closes it.
  child.stdin.on('error', () => {}).end(options.input ?? '')
  const done = new Promise<Output>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status) => resolve({ ...output, code: status ?? 128 }))
  })
  return { done, stderr: () => output.stderr, kill: () => child.kill('SIGKILL') }
}

/** Its output; throws when it fails. */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await start(command, args, options).done
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${code}: ${stderr}${stdout}`)
  return stdout
}
