/**
 * Reads the system calls on a folder's files, in order, from the log of `strace -f -y -xx`. A call
 * that is split in the log counts where it began; a sync counts where it ended.
 */
import { basename, dirname } from 'node:path'

export type Step =
  | { kind: 'create'; file: string }
  | { kind: 'unlink'; file: string }
  | { kind: 'write'; file: string; at: number; bytes: Buffer }
  | { kind: 'truncate'; file: string; size: number }
  /** `file` is empty if the call is on the folder itself. */
  | { kind: 'sync'; file: string }
  | { kind: 'said'; text: string }

/** The calls that strace has to record. */
export const straceArgs = [
  ...['-f', '-y', '-xx', '-s', '10000000', '-e', 'signal=none', '-e'],
  'trace=open,openat,creat,write,writev,pwrite64,pwritev,pwritev2,fsync,fdatasync,sync_file_range,' +
    'truncate,ftruncate,fallocate,unlink,unlinkat,rename,renameat,renameat2,link,linkat,mmap',
]

const callLine = /^(\d+) +(\w+)\((.*?)(?:\) += (-?\w+).*| <unfinished \.\.\.>)$/s
const resumedLine = /^(\d+) +<\.\.\. (\w+) resumed>.*\) += (-?\w+)/s

export function readSteps(log: string, folder: string): Step[] {
  const steps: Step[] = []
  const begun = new Map<string, string>()
  for (const line of log.split('\n')) {
    const [, thread = '', name = '', args = '', outcome] = callLine.exec(line) ?? []
    const [, back = '', resumed = '', late] = resumedLine.exec(line) ?? []
    if (name && outcome === undefined) begun.set(thread, args)
    const of = name ? args : (begun.get(back) ?? '')
    const asked = name || resumed
    if (!asked || (outcome ?? late)?.startsWith('-')) continue
    const isSync = asked === 'fsync' || asked === 'fdatasync'
    const counts = isSync ? outcome !== undefined || late !== undefined : name !== ''
    if (counts) steps.push(...stepsOf(asked, of, folder))
  }
  return steps
}

function stepsOf(name: string, args: string, folder: string): Step[] {
  if (name === 'write' && args.startsWith('1<')) {
    return [{ kind: 'said', text: bytesOf(args).toString() }]
  }
  const file = fileOf(name, args, folder)
  if (file === undefined) return []
  switch (name) {
    case 'fsync':
    case 'fdatasync':
      return [{ kind: 'sync', file }]
    case 'openat':
      return opened(args, file)
    case 'unlink':
      return [{ kind: 'unlink', file }]
    case 'ftruncate':
      return [{ kind: 'truncate', file, size: Number(/, (\d+)$/.exec(args)?.[1]) }]
    case 'pwrite64':
      return [{ kind: 'write', file, at: Number(/, (\d+)$/.exec(args)?.[1]), bytes: bytesOf(args) }]
    default:
      // Better to fail than to leave out what was written.
      throw new Error(`${name} of ${file} is not understood`)
  }
}

function opened(args: string, file: string): Step[] {
  if (!/O_WRONLY|O_RDWR/.test(args)) return []
  const created: Step[] = args.includes('O_CREAT') ? [{ kind: 'create', file }] : []
  return args.includes('O_TRUNC') ? [...created, { kind: 'truncate', file, size: 0 }] : created
}

/** The name of the call's file in the folder; empty for the folder itself, undefined for others. */
function fileOf(name: string, args: string, folder: string): string | undefined {
  const byPath = /^(open|unlink|rename|link|creat|trunc)/.test(name)
  const quoted = byPath ? /"([^"]*)"/ : name === 'mmap' ? /PROT_WRITE.*<([^>]*)>/ : /^\d+<([^>]*)>/
  const found = quoted.exec(args)?.[1]
  if (found === undefined) return undefined
  const path = fromHex(found).toString()
  if (path === folder) return ''
  return dirname(path) === folder ? basename(path) : undefined
}

const bytesOf = (args: string) => fromHex(/"([^"]*)"/.exec(args)?.[1] ?? '')

const fromHex = (hex: string) => Buffer.from(hex.replaceAll('\\x', ''), 'hex')
