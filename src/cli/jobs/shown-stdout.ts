/** What commands write to stdout, for jobs that leave no files: it is shown, task by task. */
import { parseBytes } from '../../core/bytes.ts'
import { TmError } from '../../core/errors.ts'
import type { Wanted } from './define.ts'

/** The name that stdout has as an output if it is only shown. */
const name = 'stdout'

/** For a terminal, and for somebody who looks later: enough to read. */
const shownBytes = 1024 ** 2

interface StdoutFlags {
  'max-stdout'?: string | undefined
  stdout?: string | undefined
  out?: string[] | undefined
  'out-optional'?: string[] | undefined
}

/**
 * How much of stdout to keep, in bytes. All of it if it goes into a file or a pipe, where it is data.
 * Throws `invalid`.
 */
export function readMaxStdout(flags: StdoutFlags, isData: boolean): number | undefined {
  const text = flags['max-stdout']
  if (text === undefined) return isData ? undefined : shownBytes
  if ([flags.stdout, flags.out, flags['out-optional']].some((flag) => flag !== undefined)) {
    throw new TmError('invalid', '--max-stdout is for a stdout that is only shown', {
      suggestions: ['--stdout NAME keeps it whole, up to --max-output; with --out it is not kept'],
    })
  }
  const bytes = parseBytes(text)
  if (bytes !== undefined && bytes > 0) return bytes
  throw new TmError('invalid', `--max-stdout must be a size such as 64KiB or 1MiB, not "${text}"`)
}

/** Keeps stdout if nothing else is. */
export function withShownStdout(
  wanted: Wanted,
  maxStdout: number | undefined,
): { wanted: Wanted; printsStdout: boolean } {
  const leaves = wanted.outputs.length + wanted.optionalOutputs.length
  if (leaves > 0 || wanted.stdout !== undefined) return { wanted, printsStdout: false }
  const limits = maxStdout === undefined ? wanted.limits : { ...wanted.limits, maxStdout }
  return { wanted: { ...wanted, stdout: name, limits }, printsStdout: true }
}
