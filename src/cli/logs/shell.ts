/** `tm logs --ssm`: a shell on an instance through AWS's Session Manager, without an open port. */
import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { TmError } from '../../core/errors.ts'

/** What has to be installed: the plugin is a program of its own, which `aws` calls. */
const programs = ['aws', 'session-manager-plugin']

export function sessionCommand(instance: string, region: string, profile?: string): string[] {
  const as = profile === undefined ? [] : ['--profile', profile]
  return ['aws', 'ssm', 'start-session', '--target', instance, '--region', region, ...as]
}

/** Those of the programs that are not on this path. */
export function missingPrograms(path: string): string[] {
  return programs.filter((name) => !path.split(delimiter).some((at) => isProgram(join(at, name))))
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Runs the session in this terminal; resolves with its exit code. */
export async function startSession(command: string[]): Promise<number> {
  const [program = '', ...args] = command
  const child = spawn(program, args, { stdio: 'inherit' })
  // A Ctrl-C is for the shell on the instance.
  const ignore = () => {}
  process.on('SIGINT', ignore)
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code) => resolve(code ?? 1))
    })
  } catch (error) {
    throw new TmError('failed', `${program} did not start: ${String(error)}`, { cause: error })
  } finally {
    process.off('SIGINT', ignore)
  }
}
