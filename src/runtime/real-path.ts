/** One name for a place in the file system: absolute, without symbolic links, whether it exists or not. */
import { realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

export function realPath(path: string): string {
  const whole = resolve(path)
  try {
    return realpathSync(whole)
  } catch {
    const parent = dirname(whole)
    return parent === whole ? whole : join(realPath(parent), basename(whole))
  }
}
