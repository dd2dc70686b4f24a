/** Reads what the flags of `tm run` say about its tasks: files of names, lines and objects. */
import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { messageOf, TmError } from '../../../core/errors.ts'
import { readInteger } from '../../flags/settings.ts'
import type { ValueSources } from '../values.ts'
import type { Columns } from './lines.ts'

interface SourceFlags {
  'files-from'?: string | undefined
  null: boolean
  'each-line'?: string | undefined
  columns?: string | undefined
  header: boolean
  'each-json'?: string | undefined
  array?: string | undefined
  sweep?: string[] | undefined
  zip: boolean
  'per-task'?: string | undefined
  'in-place': boolean
  times?: string | undefined
}

const times = { min: 1, max: 1_000_000 }
const perTask = { min: 1, max: 10_000 }

/** Throws `failed` if a file can't be read, `invalid` for flags that do not go together. */
export async function readSources(files: string[], flags: SourceFlags): Promise<ValueSources> {
  const { array, sweep = [], zip, 'each-line': eachLine, 'each-json': eachJson } = flags
  requireFlag(flags.null, '--null', flags['files-from'], '--files-from')
  requireFlag(flags.columns, '--columns', eachLine, '--each-line')
  requireFlag(flags.header, '--header', flags.columns, '--columns')
  requireFlag(zip, '--zip', sweep[0], '--sweep')
  const all = [...files, ...(await namesIn(flags['files-from'], flags.null ? '\0' : '\n'))]
  requireFlag(flags['per-task'], '--per-task', all[0], 'files')
  requireFlag(flags['in-place'], '--in-place', all[0], 'files')
  return {
    files: all,
    perTask: readInteger('--per-task', flags['per-task'], perTask),
    inPlace: flags['in-place'],
    ...(eachLine === undefined ? {} : { lines: linesOf(await readText(eachLine)) }),
    columns: readColumns(flags),
    ...(eachJson === undefined ? {} : { json: withoutMark(await readText(eachJson)) }),
    array,
    sweeps: sweep,
    zip,
    times: readInteger('--times', flags.times, times),
  }
}

function requireFlag(given: unknown, name: string, needs: unknown, needed: string): void {
  if (!given || needs !== undefined) return
  throw new TmError('invalid', `${name} needs ${needed}`)
}

/** `\t` is a tab: few shells let anybody type one. */
function readColumns({ columns, header }: SourceFlags): Columns | undefined {
  if (columns === undefined) return undefined
  if (columns === '')
    throw new TmError('invalid', '--columns needs what stands between two columns')
  return { separator: columns.replaceAll('\\t', '\t'), header }
}

/** None without a file. */
async function namesIn(file: string | undefined, separator: string): Promise<string[]> {
  if (file === undefined) return []
  return (await readText(file)).split(separator).filter((one) => one !== '')
}

/** Without empty lines, and without the \r at the end of each line in a file from Windows. */
export function linesOf(all: string): string[] {
  const lines = withoutMark(all)
    .split('\n')
    .filter((line) => line !== '' && line !== '\r')
  const isFromWindows = lines.every((line) => line.endsWith('\r'))
  return isFromWindows ? lines.map((line) => line.slice(0, -1)) : lines
}

/** A whole file, or standard input. */
export async function readText(file: string): Promise<string> {
  try {
    return file === '-' ? await text(process.stdin) : readFileSync(file, 'utf8')
  } catch (error) {
    throw new TmError('failed', `${file}: ${messageOf(error)}`, { cause: error })
  }
}

/** Editors on Windows write a byte order mark at the beginning of a file. */
function withoutMark(all: string): string {
  return all.replace(/^\uFEFF/, '')
}
