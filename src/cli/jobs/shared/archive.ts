/**
 * A folder as a tar archive (POSIX.1-2001, pax) that depends on its content alone: fixed order,
 * owner and time, and only two permissions, so that the same tree has the same hash everywhere.
 */
import { createReadStream } from 'node:fs'
import { createTarPacker, type TarHeader, type TarPackController } from 'modern-tar'
import { messageOf, TmError } from '../../../core/errors.ts'
import type { TreeEntry } from './tree.ts'

const fixed = { uid: 0, gid: 0, mtime: new Date(0) }

/** The bytes of the archive, as they are read. Throws `failed` if a file can't be read. */
export async function* archiveOf(entries: TreeEntry[]): AsyncGenerator<Uint8Array> {
  const { readable, controller } = createTarPacker()
  const packing = packAll(controller, entries).catch((error) => controller.error(error))
  yield* readable
  await packing
}

async function packAll(controller: TarPackController, entries: TreeEntry[]): Promise<void> {
  for (const entry of entries) {
    const writer = controller.add(headerOf(entry)).getWriter()
    try {
      if (entry.kind === 'file') {
        for await (const piece of createReadStream(entry.path)) await writer.write(piece)
      }
      await writer.close()
    } catch (error) {
      throw new TmError('failed', `${entry.path} can't be read: ${messageOf(error)}`, {
        cause: error,
      })
    }
  }
  controller.finalize()
}

function headerOf(entry: TreeEntry): TarHeader {
  const { name } = entry
  if (entry.kind === 'dir') {
    return { ...fixed, name: `${name}/`, type: 'directory', size: 0, mode: 0o755 }
  }
  if (entry.kind === 'link') {
    return { ...fixed, name, type: 'symlink', linkname: entry.target, size: 0, mode: 0o777 }
  }
  const { size, isProgram } = entry
  return { ...fixed, name, type: 'file', size, mode: isProgram ? 0o755 : 0o644 }
}
