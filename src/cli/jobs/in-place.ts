/** Files that commands read where they are, with `--in-place`: only on the machine that has them. */
import { accessSync, constants } from 'node:fs'
import { writeFrames } from '../../api/frames.ts'
import { TmError } from '../../core/errors.ts'
import { oneLine } from '../../core/text.ts'
import { locationOf } from '../../state/cluster-location.ts'
import type { ClusterState } from '../../state/cluster-state.ts'
import { whyUnreadable } from '../tasks/files.ts'

/** Throws `invalid` if the workers of the cluster are other machines. */
export function requireSameMachine(state: ClusterState): void {
  if (locationOf(state) !== 'ec2') return
  const message = `--in-place: the workers of cluster ${state.name} are other machines, without your files`
  throw new TmError('invalid', message, {
    suggestions: ['Leave it out: each task gets a copy of its file'],
  })
}

/** The empty body of a task. Throws `failed` if its file or folder can't be read. */
export function nothingOf(file: string): Uint8Array<ArrayBuffer> {
  try {
    accessSync(file, constants.R_OK)
    return new Uint8Array()
  } catch (error) {
    const message = `${oneLine(file)}: ${whyUnreadable(error)}`
    throw new TmError('failed', message, { cause: error })
  }
}

/** The body of a task that has several files: where each of them is. Throws like `nothingOf`. */
export function pathsOf(files: string[]): Uint8Array<ArrayBuffer> {
  return writeFrames(
    files.map((path) => {
      const { length: size } = nothingOf(path)
      return { header: JSON.stringify({ path }), size, write: () => {} }
    }),
  )
}
