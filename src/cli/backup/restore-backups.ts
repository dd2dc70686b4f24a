/** `tm up --restore`: gives each backup to one node that has no data yet. */
import { access, constants, open, stat } from 'node:fs/promises'
import { formatBytes } from '../../core/bytes.ts'
import { TmError } from '../../core/errors.ts'
import type { Reporter } from '../../core/progress.ts'
import { suggest, tm } from '../../core/suggestions.ts'
import { oneLine, pluralize } from '../../core/text.ts'
import { partBytes } from '../../node/backups.ts'
import { readBackup } from '../../node/store/open.ts'
import type { BackupContents } from '../../node/store/snapshots.ts'
import { until } from '../../runtime/until.ts'
import type { NodeLink } from '../../state/cluster-nodes.ts'
import { whyUnreadable } from '../tasks/files.ts'
import { retryTransfer } from './retry-transfer.ts'
import { whileAlive } from './while-alive.ts'

export interface BackupFile extends BackupContents {
  file: string
}

/** The node restarts, and may have to check many gigabytes. */
const startTimeoutMs = 10 * 60_000

const anotherCopy = [suggest`Use another copy, or make a new backup: ${tm('backup')}`]

/** Called before anything is created: throws for the first file that can't be restored. */
export async function readBackups(files: string[]): Promise<BackupFile[]> {
  const backups = await Promise.all(
    files.map(async (file) => ({ file, ...(await readable(file)) })),
  )
  for (const [index, { id, file }] of backups.entries()) {
    const same = backups.slice(0, index).find((one) => one.id === id)
    if (!same) continue
    throw new TmError('invalid', `${file} and ${same.file} are the same backup: give it once`)
  }
  return backups
}

async function refuseUnreadable(file: string): Promise<void> {
  const name = oneLine(file)
  try {
    await access(file, constants.R_OK)
    if ((await stat(file)).isFile()) return
  } catch (error) {
    const why = `${name}: ${whyUnreadable(error)}`
    throw new TmError('failed', why, { cause: error, suggestions: anotherCopy })
  }
  throw new TmError('failed', `${name} is not a file`, { suggestions: anotherCopy })
}

async function readable(file: string): Promise<BackupContents> {
  await refuseUnreadable(file)
  try {
    return await readBackup(file)
  } catch (error) {
    if (!(error instanceof TmError)) throw error
    // The suggestions of this error are for a node with a damaged database.
    throw new TmError(error.code, error.message, {
      cause: error,
      suggestions: anotherCopy,
    })
  }
}

/** Each backup goes to the node with the name of its origin, else to the first node without one. */
export function placeBackups<B extends { node: string }>(backups: B[], ids: string[]) {
  if (backups.length > ids.length) {
    const message = `${pluralize(backups.length, 'backup')} for ${pluralize(ids.length, 'node')}: each needs a node of its own`
    throw new TmError('invalid', message, {
      suggestions: [tm('up', { nodes: String(backups.length) }, '…')],
    })
  }
  const placed = new Map<string, B>()
  const others: B[] = []
  for (const backup of backups) {
    if (ids.includes(backup.node) && !placed.has(backup.node)) placed.set(backup.node, backup)
    else others.push(backup)
  }
  const free = ids.filter((id) => !placed.has(id))
  for (const [index, backup] of others.entries()) placed.set(free[index] as string, backup)
  return placed
}

/** Safe to repeat: skips nodes that have already started with their backup. */
export async function restoreNodes(
  nodes: NodeLink[],
  backups: BackupFile[],
  reporter: Reporter,
): Promise<void> {
  const ids = nodes.map(({ id }) => id)
  for (const [id, backup] of placeBackups(backups, ids)) {
    const node = nodes.find((one) => one.id === id) as NodeLink
    await reporter.step(`restored ${id}`, (note) => restoreNode(node, backup, note))
  }
}

async function restoreNode(
  node: NodeLink,
  backup: BackupFile,
  note: (text: string) => void,
): Promise<void> {
  const what = `${pluralize(backup.tasks, 'task')} from ${backup.file}`
  if (await hasBegunWith(node, backup)) return note(`${what}, already restored`)
  await upload(node, backup.file, note)
  await whileAlive(node.client, (signal) =>
    node.client.finishRestore({ timeoutMs: startTimeoutMs, signal }),
  )
  note(`${what}; starting`)
  const isBack = await until(() => hasBegunWith(node, backup).catch(() => false), {
    withinMs: startTimeoutMs,
    pauseMs: 50,
  })
  if (!isBack) {
    throw new TmError('failed', `${node.id} has not started with its backup`, {
      suggestions: ['See its log, then run the same command again.'],
    })
  }
  note(what)
}

async function hasBegunWith({ client }: NodeLink, { id }: BackupFile): Promise<boolean> {
  return (await client.getState({ timeoutMs: 10_000 })).restored?.id === id
}

async function upload({ client }: NodeLink, file: string, note: (text: string) => void) {
  const handle = await open(file)
  try {
    const { size } = await handle.stat()
    for (let at = 0; at < size; ) {
      const part = new Uint8Array(Math.min(partBytes, size - at))
      const { bytesRead } = await handle.read(part, 0, part.length, at)
      if (bytesRead === 0) throw new TmError('failed', `${file} shrank while it was being sent`)
      const from = at
      await retryTransfer(() =>
        client.writeRestore({ query: { from }, body: part.subarray(0, bytesRead) }),
      )
      at += bytesRead
      note(`${formatBytes(at)} of ${formatBytes(size)}`)
    }
  } finally {
    await handle.close()
  }
}
