/** The build's files for instances: the program, and the loaders of the boot scripts. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf, TmError } from '../../../core/errors.ts'

export interface Program {
  packed: Buffer
  /** SHA-256 of `packed`, in hex. */
  hash: string
  nodeLoader: string
  workerLoader: string
}

/** `root`: the folder of this installation of tm. */
export function readProgram(root: string): Program {
  const read = (name: string) => {
    try {
      return readFileSync(join(root, 'dist/instance', name))
    } catch (error) {
      throw new TmError('failed', `The program for instances is missing: ${messageOf(error)}`, {
        suggestions: ['Build it: npm run build'],
      })
    }
  }
  const packed = read('tm.mjs.gz')
  return {
    packed,
    hash: createHash('sha256').update(packed).digest('hex'),
    nodeLoader: read('boot-node.mjs').toString(),
    workerLoader: read('boot-worker.mjs').toString(),
  }
}
