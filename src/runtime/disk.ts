import { statfs } from 'node:fs/promises'
import type { DiskSpace } from '../core/intake.ts'

/** Of the disk that a folder is on, as `df` has it: what only root may use is not counted. */
export async function diskOf(folder: string): Promise<DiskSpace> {
  const { blocks, bfree, bavail, bsize } = await statfs(folder)
  return { free: bavail * bsize, size: (blocks - bfree + bavail) * bsize }
}
