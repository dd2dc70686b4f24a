/** Where the log of a machine is read: a file of this machine, or its node over HTTP. */
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { linesFromEnd } from '../../runtime/lines-from-end.ts'
import type { NodeLink } from '../../state/cluster-nodes.ts'
import type { ClusterState } from '../../state/cluster-state.ts'

export interface LogPart {
  lines: string[]
  /** Where the next part begins; means something only to its source. */
  next: number
  /** The machine has ended: nothing will follow. */
  ended: boolean
}

export interface LogSource {
  /** The last lines. */
  last(count: number): Promise<LogPart>
  /** What was written after another part. */
  after(next: number): Promise<LogPart>
}

/** The log file of a local machine, also of one that has ended; undefined if there is none. */
export function localLog(
  state: ClusterState,
  id: string,
  isRunning: () => Promise<boolean>,
): LogSource | undefined {
  const file = [state.nodeFolder(id), state.workerFolder(id)]
    .map((folder) => join(folder, 'log'))
    .find((one) => existsSync(one))
  if (file === undefined) return undefined
  // Asked before the file is read: what a machine writes at its end is not missed.
  const part = async (read: () => Omit<LogPart, 'ended'>): Promise<LogPart> => {
    const ended = !(await isRunning())
    return { ...read(), ended }
  }
  return {
    last: (count) => part(() => lastLines(file, count)),
    after: (next) => part(() => linesAfter(file, next)),
  }
}

function sizeOf(file: string): number {
  return withFile(file, (descriptor) => fstatSync(descriptor).size)
}

function lastLines(file: string, count: number): Omit<LogPart, 'ended'> {
  const next = sizeOf(file)
  const lines: string[] = []
  for (const line of linesFromEnd(file, next)) {
    if (line !== '') lines.push(line)
    if (lines.length === count) break
  }
  return { lines: lines.reverse(), next }
}

/** Bytes read at once: who follows a log comes back for more. */
const pieceBytes = 1024 ** 2

/** Whole lines only: the rest of a line that is being written comes with the next part. */
function linesAfter(file: string, next: number): Omit<LogPart, 'ended'> {
  return withFile(file, (descriptor) => {
    // A file that has become shorter is another file.
    const from = fstatSync(descriptor).size < next ? 0 : next
    const piece = Buffer.alloc(pieceBytes)
    const read = piece.subarray(0, readSync(descriptor, piece, 0, pieceBytes, from))
    const end = read.lastIndexOf(10) + 1
    const lines = read.subarray(0, end).toString('utf8').split('\n')
    return { next: from + end, lines: lines.filter((line) => line !== '') }
  })
}

function withFile<T>(file: string, use: (descriptor: number) => T): T {
  const descriptor = openSync(file, 'r')
  try {
    return use(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

const timeoutMs = 5000

/**
 * The log of a node, or of a worker that it knows, over HTTP; undefined if it knows none.
 * `evenIfEmpty`: also of a worker that has sent nothing yet.
 */
export async function remoteLog(
  { client }: Pick<NodeLink, 'client'>,
  id: string,
  { evenIfEmpty = true } = {},
): Promise<LogSource | undefined> {
  const read = (query: { lines: number; after?: number }) =>
    client.readLog({ params: { id }, query, timeoutMs, retries: 1 })
  const newest = await read({ lines: 1 })
  if (newest === undefined) return undefined
  if (newest.lines.length === 0 && !evenIfEmpty) return undefined
  const forgotten: LogPart = { lines: [], next: 0, ended: true }
  return {
    last: async (count) => (await read({ lines: count })) ?? forgotten,
    after: async (next) => (await read({ lines: 1000, after: next })) ?? forgotten,
  }
}
