/** Brings what finished tasks of a job left to this machine: into files, or to stdout. */
import type { Task } from '../../api/client.ts'
import { formatBytes } from '../../core/bytes.ts'
import { TmError } from '../../core/errors.ts'
import { again, suggest } from '../../core/suggestions.ts'
import { pluralize } from '../../core/text.ts'
import { fill, type Template } from '../../kinds/command/placeholders.ts'
import { inParallel } from '../../runtime/in-parallel.ts'
import type { NodeLink } from '../../state/cluster-nodes.ts'
import { markPulled } from '../tasks/pull.ts'
import { fetchOutputs, outputBytes } from './fetch.ts'
import { smallOutputs, type Taken } from './small-outputs.ts'

export interface CollectOptions {
  nodes: NodeLink[]
  /** The folder for the outputs of a task; undefined to print them. */
  folder: Template | undefined
  /** The values that the folder is filled in with. */
  valuesOf: (task: Task) => Record<string, string>
  /** Replace files that have other content. */
  overwrite: boolean
  /** Resolves when they are written; `false` if nobody reads them. */
  print: (bytes: Uint8Array) => Promise<boolean>
  onProblem: (text: string) => void
}

/** Tasks whose files are written at a time: each waits for the disk. */
const filesAtOnce = 16

type Fetched = Taken & { bytes: Uint8Array | undefined }

export function createCollector(options: CollectOptions) {
  const { nodes, folder, valuesOf, overwrite, print, onProblem } = options
  const files: string[] = []
  let refused = 0

  /** `false` if nobody reads it. */
  async function printAll(from: Fetched): Promise<boolean> {
    for await (const piece of outputBytes(from)) if (!(await print(piece))) return false
    return true
  }

  /** Whether its outputs are in place. */
  async function takeOne(from: Fetched): Promise<boolean> {
    const { task } = from
    try {
      if (folder) {
        const place = fill(folder, valuesOf(task))
        files.push(...(await fetchOutputs({ ...from, folder: place, overwrite })))
      } else if (!(await printAll(from))) return false
      const { leftOut = 0 } = task
      if (leftOut > 0) onProblem(warnOfGap(task, leftOut))
      return true
    } catch (error) {
      if (!(error instanceof TmError) || error.code !== 'conflict') throw error
      // The other tasks are fetched all the same.
      onProblem(`Error: ${error.message}`)
      refused += 1
      return false
    }
  }

  return {
    /** The paths of all files, also of those that were here already. */
    files: files as readonly string[],

    /**
     * Fetches the outputs of these tasks, and marks as pulled those whose outputs are in place. What is
     * printed keeps the order of the tasks.
     */
    async take(taken: Taken[]): Promise<void> {
      const small = await smallOutputs(taken)
      const inPlace: string[] = []
      try {
        await inParallel(taken, folder ? filesAtOnce : 1, async ({ task, node }) => {
          if (await takeOne({ task, node, bytes: small.get(task.id) })) inPlace.push(task.id)
        })
      } finally {
        if (inPlace.length > 0) await markPulled(nodes, inPlace)
      }
    },

    /** Throws `conflict` if the outputs of a task were refused. */
    end(): void {
      if (refused === 0) return
      const what = `The outputs of ${pluralize(refused, 'task')} are not here`
      throw new TmError('conflict', `${what}: there are other files under their names`, {
        suggestions: [suggest`Move them away, or add --overwrite: ${again}`],
      })
    },
  }
}

function warnOfGap({ id, n }: Task, bytes: number): string {
  const whose = n === undefined ? id : `task ${n}`
  const what = `${formatBytes(bytes)} in the middle of the stdout of ${whose} are left out`
  return `Warning: ${what}: keep it with --stdout NAME, or raise --max-stdout`
}
