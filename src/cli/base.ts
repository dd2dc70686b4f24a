/**
 * What all commands share: the cluster flag, `--json`, errors with a cause, a fix and an exit code,
 * and the one look at the environment of this process.
 */
import { join } from 'node:path'
import { Command, Flags, ux } from '@oclif/core'
import chalk, { chalkStderr } from 'chalk'
import { errorCodes, messageOf, TmError } from '../core/errors.ts'
import type { Launcher } from './local/machines.ts'
import { createReporter, type Reporter } from './progress.ts'
import { type Saved, savedCluster } from './saved.ts'
import { type UsageProblem, usageError } from './usage.ts'

// chalk does not look at it: no-color.org.
if (process.env.NO_COLOR) for (const stream of [chalk, chalkStderr]) stream.level = 0

export const clusterFlag = Flags.string({
  aliases: ['name'],
  default: 'default',
  env: 'TM_CLUSTER',
  description: 'name of the cluster',
  helpGroup: 'GLOBAL',
})

export abstract class TmCommand extends Command {
  static override enableJsonFlag = true
  static override baseFlags = { cluster: clusterFlag }

  /** Progress and messages, on stderr. */
  protected get reporter(): Reporter {
    return createReporter({
      write: (text) => this.logToStderr(text),
      // A terminal that says it has no width (`script`, some containers) can't be drawn on.
      animated: process.stderr.isTTY && process.stderr.columns > 0 && !this.jsonEnabled(),
    })
  }

  /** With `--json` too, where only stdout is for the one object. */
  override logToStderr(text = ''): void {
    ux.stderr(text)
  }

  /** What this machine remembers of a cluster, which may not exist. */
  protected saved(name: string): Saved {
    return savedCluster(this.config.dataDir, name)
  }

  /** What a machine of a local cluster gets of our environment: nothing that could be a secret. */
  protected machineEnvironment(): Record<string, string | undefined> {
    const { PATH, HOME, TMPDIR, LANG } = process.env
    return { PATH, HOME, TMPDIR, LANG, TM_DATA_DIR: this.config.dataDir }
  }

  /** What the environment says of where in AWS; the profile is read by the SDK. */
  protected ambientRegion(): string | undefined {
    const { AWS_REGION, AWS_DEFAULT_REGION } = process.env
    return AWS_REGION || AWS_DEFAULT_REGION || undefined
  }

  /** How to start a machine of a local cluster. */
  protected launcher(): Launcher {
    return { command: this.machineCommand(), env: this.machineEnvironment() }
  }

  /** How to start `tm` again, from the same place. */
  protected machineCommand(): string[] {
    return [process.execPath, join(this.config.root, 'bin/run.js')]
  }

  protected override async catch(thrown: Error & { exitCode?: number }): Promise<never> {
    const error = asTmError(thrown)
    if (this.jsonEnabled()) this.logJson({ error: error.toJSON() })
    else this.logToStderr(describeError(error))
    return this.exit(errorCodes[error.code].exit)
  }
}

/** oclif's own errors are about flags and arguments, unless they only carry an exit code. */
function asTmError(thrown: Error & { oclif?: { exit?: number }; code?: string }): TmError {
  if (thrown instanceof TmError) return thrown
  if (thrown.code === 'EEXIT') throw thrown
  if (thrown.name === 'ExitPromptError') {
    return new TmError('failed', 'Nothing was done: the question was not answered')
  }
  if (thrown.oclif?.exit === 2) return usageError(thrown as UsageProblem)
  return new TmError('failed', messageOf(thrown), { cause: thrown })
}

export function describeError({ message, suggestions }: TmError): string {
  const fixes = suggestions.map((suggestion) => `  → ${suggestion}`)
  return [`${chalkStderr.red('Error:')} ${message}`, ...fixes].join('\n')
}
