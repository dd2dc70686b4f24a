/** A backup of one node as a file here: made there, fetched part by part, looked at, then named. */
import { existsSync, renameSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { formatBytes } from '../../core/bytes.ts'
import { TmError } from '../../core/errors.ts'
import { type BackupContents, readBackup } from '../../node/store/sqlite/backup.ts'
import type { NodeLink } from '../nodes.ts'
import { persistently } from './persistently.ts'

/** Copying many gigabytes on a slow disk takes a while. Milliseconds. */
const copyTimeout = 30 * 60_000

/** There is either a whole backup under this name or none. */
export async function fetchBackup(
  { client, id: node }: NodeLink,
  file: string,
  note: (text: string) => void,
): Promise<BackupContents & { size: number }> {
  if (existsSync(file)) throw new TmError('failed', `${file} is there already`)
  note('copying')
  const { id, size } = await client.backup({ timeout: copyTimeout })
  const draft = `${file}.part`
  try {
    const handle = await open(draft, 'w', 0o600)
    try {
      for (let at = 0; at < size; ) {
        const part = await persistently(() => client.readBackup(id, at))
        if (part.length === 0) throw new TmError('failed', `The backup of ${node} ended early`)
        await handle.write(part, 0, part.length, at)
        at += part.length
        note(`${formatBytes(at)} of ${formatBytes(size)}`)
      }
      await handle.sync()
    } finally {
      await handle.close()
    }
    const contents = readBackup(draft)
    renameSync(draft, file)
    return { ...contents, size }
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  } finally {
    // It goes by itself, only later.
    await client.removeBackup(id, { timeout: 5000 }).catch(() => {})
  }
}
