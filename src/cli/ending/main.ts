/** Runs a command line to its end. `bin/run.js` calls it. */
import { run } from '@oclif/core'
import { messageOf } from '../../core/errors.ts'
import { endBySignal, ignoreSignals } from '../../runtime/signals.ts'
import { type Ending, endingOf, happened } from './ending.ts'
import { accountForStdout, outputWritten } from './stdout.ts'

export interface MainOptions {
  /** Folder of this installation. */
  root: string
  /** Signals that this process was started to ignore. */
  ignoredSignals: string[]
}

export async function main({ root, ignoredSignals }: MainOptions): Promise<never> {
  ignoreSignals(ignoredSignals)
  // Nobody can be told that stderr fails, and the work goes on.
  process.stderr.on('error', () => {})
  accountForStdout((code) => {
    happened.outputError = code
    const ending = endingOf(happened)
    if ('signal' in ending && !happened.changes) end(ending)
  })
  const thrown = await run(process.argv.slice(2), { root }).then(() => 0, exitCodeOf)
  happened.code = thrown || Number(process.exitCode ?? 0)
  await outputWritten().catch((error) => thrown || tell(error))
  return end(endingOf(happened))
}

/** Commands show their own errors, and throw an exit code. */
function exitCodeOf(error: { code?: string; oclif?: { exit?: number } }): number {
  if (error.code !== 'EEXIT') tell(error)
  return error.oclif?.exit ?? 1
}

function tell(error: unknown): void {
  process.stderr.write(`Error: ${messageOf(error)}\n`)
}

function end(ending: Ending): never {
  if ('signal' in ending) endBySignal(ending.signal)
  process.exit(ending.code)
}
