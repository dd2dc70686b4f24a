/** The files of a task that has several: where they lie in the folder of its command. Pure. */
import { basename } from 'node:path'
import { TmError } from '../../core/errors.ts'

export interface InputPlace {
  /** Relative to the folder of the command. */
  path: string
  /** The same, as a program gets it: never one that looks like an option. */
  argument: string
}

/** Under their own names; in a numbered folder each if two have the same. Throws `invalid`. */
export function placeInputs(names: string[]): InputPlace[] {
  const bases = names.map(fileName)
  // Some file systems do not tell capital letters apart, or two ways to write an accent.
  const differ = new Set(bases.map((base) => base.normalize().toLowerCase())).size === bases.length
  return bases.map((base, at) => {
    const path = differ ? base : `${at + 1}/${base}`
    return { path, argument: asArgument(path) }
  })
}

/** The last part of a path. Throws `invalid` if no file can have this name. */
export function fileName(path: string): string {
  const base = basename(path)
  if (base !== '' && base !== '.' && base !== '..') return base
  throw new TmError('invalid', `The input has no name that a file can have: ${path}`)
}

export function asArgument(path: string): string {
  return path.startsWith('-') ? `./${path}` : path
}
