/** `tm up --restore`: backups become the data of nodes that have none yet, each of one node. */
import { open } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { formatBytes } from '../../core/bytes.ts'
import { TmError } from '../../core/errors.ts'
import { partBytes } from '../../node/backups.ts'
import { type BackupContents, readBackup } from '../../node/store/sqlite/backup.ts'
import type { NodeLink } from '../nodes.ts'
import { counted, type Reporter } from '../progress.ts'
import { persistently } from './persistently.ts'

export interface BackupFile extends BackupContents {
  file: string
}

/** The node starts again, and may have to look through many gigabytes. Milliseconds. */
const startTimeout = 10 * 60_000

/** Before anything is made: throws for the first that can't be restored. */
export function readBackups(files: string[]): BackupFile[] {
  const backups = files.map((file) => ({ file, ...readable(file) }))
  for (const [index, { id, file }] of backups.entries()) {
    const same = backups.slice(0, index).find((one) => one.id === id)
    if (!same) continue
    throw new TmError('invalid', `${file} and ${same.file} are the same backup: give it once`)
  }
  return backups
}

function readable(file: string): BackupContents {
  try {
    return readBackup(file)
  } catch (error) {
    if (!(error instanceof TmError)) throw error
    // What it suggests is for a node whose own database is bad.
    throw new TmError(error.code, error.message, {
      cause: error,
      suggestions: ['Take another copy; a new one is made by: tm backup'],
    })
  }
}

/** Each goes to the node of the name that it is from, else to the first that gets none. */
export function placeBackups<B extends { node: string }>(backups: B[], ids: string[]) {
  if (backups.length > ids.length) {
    const message = `${counted(backups.length, 'backup')} for ${counted(ids.length, 'node')}: each needs a node of its own`
    throw new TmError('invalid', message, { suggestions: [`tm up --nodes ${backups.length} …`] })
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

/** Can be broken off and done again: a node that has begun with its backup is left alone. */
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
  const what = `${counted(backup.tasks, 'task')} from ${backup.file}`
  if (await hasBegunWith(node, backup)) return note(`${what}, before`)
  await upload(node, backup.file, note)
  await node.client.finishRestore({ timeout: startTimeout })
  note(`${what}; starting`)
  const end = performance.now() + startTimeout
  while (!(await hasBegunWith(node, backup).catch(() => false))) {
    if (performance.now() > end) {
      throw new TmError('failed', `${node.id} has not come back with its backup`, {
        suggestions: ['See its log, then run the same command again.'],
      })
    }
    await sleep(50)
  }
  note(what)
}

async function hasBegunWith({ client }: NodeLink, { id }: BackupFile): Promise<boolean> {
  return (await client.state({ timeout: 10_000 })).restored?.id === id
}

async function upload({ client }: NodeLink, file: string, note: (text: string) => void) {
  const handle = await open(file)
  try {
    const { size } = await handle.stat()
    for (let at = 0; at < size; ) {
      const part = new Uint8Array(Math.min(partBytes, size - at))
      const { bytesRead } = await handle.read(part, 0, part.length, at)
      if (bytesRead === 0) throw new TmError('failed', `${file} became shorter while it was sent`)
      const from = at
      await persistently(() => client.writeRestore(from, part.subarray(0, bytesRead)))
      at += bytesRead
      note(`${formatBytes(at)} of ${formatBytes(size)}`)
    }
  } finally {
    await handle.close()
  }
}
