/** The result of a command: how it ended, what it used, and which files it left. */
import { formatBytes } from '../../core/bytes.ts'
import { TmError } from '../../core/errors.ts'
import type { Ending } from './ending.ts'

/** One file. The bytes of all files of a task lie one after the other, in the order of this list. */
export interface OutputFile {
  /** Relative, with `/` between its parts. */
  name: string
  size: number
  /** Hex. */
  sha256: string
  /** The permissions, without setuid and setgid. */
  mode: number
}

export interface CommandResult extends Omit<Ending, 'reason' | 'ran'> {
  exit: number
  /** Milliseconds that the command ran. */
  took: number
  outputs: OutputFile[]
  /** Bytes in the middle of stdout that were not kept. */
  leftOut?: number
  /** Processes that still ran when the command had ended, and were killed. */
  leftBehind?: number
}

export function writeResult(result: CommandResult): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(result))
}

/** Throws `internal` if the bytes are not a result: a worker wrote them. */
export function readResult(bytes: Uint8Array): CommandResult {
  const result = JSON.parse(new TextDecoder().decode(bytes)) as CommandResult
  if (!Array.isArray(result.outputs) || !result.outputs.every(isOutputFile)) {
    throw new TmError('internal', 'The result of this task is not that of a command')
  }
  return result
}

function isOutputFile({ name, size, sha256, mode }: OutputFile): boolean {
  const isNumber = (value: number) => Number.isSafeInteger(value) && value >= 0
  return typeof name === 'string' && typeof sha256 === 'string' && isNumber(size) && isNumber(mode)
}

/** `exit 0: page.html (12.4 KiB)` */
export function describeResult({ exit, outputs }: Pick<CommandResult, 'exit' | 'outputs'>): string {
  const files = outputs.map(({ name, size }) => `${name} (${formatBytes(size)})`)
  return [`exit ${exit}`, ...(files.length > 0 ? [files.join(', ')] : [])].join(': ')
}
