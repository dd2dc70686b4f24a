/** Downloads the backup of one node in parts, into a draft that is verified and then renamed. */
import { existsSync, renameSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { formatBytes } from '../../core/bytes.ts'
import { TmError } from '../../core/errors.ts'
import { readBackup } from '../../node/store/open.ts'
import type { BackupContents } from '../../node/store/snapshots.ts'
import type { NodeLink } from '../../state/cluster-nodes.ts'
import { retryTransfer } from './retry-transfer.ts'
import { whileAlive } from './while-alive.ts'

/** Copying many gigabytes on a slow disk takes a while. */
const copyTimeoutMs = 30 * 60_000

/** `file` never holds part of a backup: it exists only once the draft is verified. */
export async function downloadBackup(
  { client, id: node }: NodeLink,
  file: string,
  { note, signal }: { note: (text: string) => void; signal: AbortSignal },
): Promise<BackupContents & { size: number }> {
  if (existsSync(file)) throw new TmError('failed', `${file} already exists`)
  note('copying')
  const { id, size } = await whileAlive(client, (alive) =>
    client.createBackup({ timeoutMs: copyTimeoutMs, signal: AbortSignal.any([alive, signal]) }),
  )
  const draft = `${file}.part`
  try {
    const handle = await open(draft, 'w', 0o600)
    try {
      for (let at = 0; at < size; ) {
        const part = await retryTransfer(() =>
          client.readBackup({ params: { id }, query: { from: at }, signal }),
        )
        if (part.length === 0) throw new TmError('failed', `The backup of ${node} ended early`)
        await handle.write(part, 0, part.length, at)
        at += part.length
        note(`${formatBytes(at)} of ${formatBytes(size)}`)
      }
      await handle.sync()
    } finally {
      await handle.close()
    }
    const contents = await readBackup(draft)
    renameSync(draft, file)
    return { ...contents, size }
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  } finally {
    // If this fails, the node removes the backup later.
    await client.deleteBackup({ params: { id }, timeoutMs: 5000 }).catch(() => {})
  }
}
