/**
 * Files and folders that all tasks of a job share. A node and a worker have each of them once, under
 * the SHA-256 of its bytes; every attempt finds it in its folder, under its name. Pure.
 */

export interface SharedContent {
  /** Hex, of the bytes that travel: those of the file, or the tar archive of the folder. */
  sha256: string
  /** Bytes that travel. */
  size: number
}

export interface SharedFile extends SharedContent {
  /** Where it is in the folder of an attempt: relative, with `/` between its parts. */
  name: string
  kind: 'file' | 'dir'
  /** The permissions of a file. In a folder each file has its own. */
  mode: number
}

/** Shared files travel and are stored in parts of this size; only the last part is smaller. */
export const sharedPartBytes = 1024 ** 2
/** The most that one of them may have. */
export const maxSharedBytes = 4 * 1024 ** 3
/** The most that a job may have. */
export const maxSharedFiles = 100

export const sha256Pattern = /^[0-9a-f]{64}$/

export function sharedParts(size: number): number {
  return Math.ceil(size / sharedPartBytes)
}

/** Why this can't be the name of a shared file; undefined if it can. */
export function problemOfName(name: string): string | undefined {
  if (name === '') return 'it is empty'
  if (name.startsWith('/')) return 'it must be relative: it is a place in the folder of the command'
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for.
  if (/[\x00-\x1f\x7f]/.test(name)) return 'it has a control character'
  const parts = name.split('/')
  if (parts.includes('..')) return 'it leads out of the folder of the command'
  if (parts.includes('.') || parts.includes('')) return 'a part of it is empty or "."'
  if (parts.some((part) => Buffer.byteLength(part) > 255)) return 'a part of it is too long'
  return undefined
}

/** Two names that can't be in one folder, since one is the other or lies in it. */
export function clashIn(names: string[]): [string, string] | undefined {
  for (const [index, name] of names.entries()) {
    const other = names.slice(0, index).find((one) => clashes(one, name))
    if (other !== undefined) return [other, name]
  }
  return undefined
}

export function clashes(one: string, other: string): boolean {
  return isIn(one, other) || isIn(other, one)
}

/** Whether it is `name`, or lies in that folder. Some file systems do not tell capital letters apart. */
export function isIn(path: string, name: string): boolean {
  return `${path.toLowerCase()}/`.startsWith(`${name.toLowerCase()}/`)
}
