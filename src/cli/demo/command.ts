/** The part of the demo that is `tm run`: a command for each text file, and its outputs checked here. */
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { TmError } from '../../core/errors.ts'
import type { Reporter } from '../../core/progress.ts'
import { oneCpu } from '../../core/resources.ts'
import { nodesOf } from '../../state/cluster-nodes.ts'
import type { ClusterState } from '../../state/cluster-state.ts'
import { runJob } from '../jobs/run.ts'

export interface CommandDemo {
  state: ClusterState
  files: string[]
  /** Where the outputs go. */
  to: string
  reporter: Reporter
}

const line = 'gzip -9 < {in} > {out}'
const output = '{name}.gz'
const limits = { okExit: [0], retries: 0, grace: 1000, maxOutput: 1024 ** 2 }

/** How many outputs are right. Throws if one is missing, or is another file than was compressed. */
export async function runCommand({ state, files, to, reporter }: CommandDemo): Promise<number> {
  reporter.say(`A command for each text file: tm run '${line}' --out '${output}' text-*`)
  const { failed = [] } = await runJob({
    state,
    nodes: nodesOf(state),
    wanted: {
      command: { line },
      outputs: [output],
      optionalOutputs: [],
      env: {},
      needs: oneCpu,
      limits,
    },
    sources: { files, sweeps: [] },
    name: undefined,
    to,
    overwrite: false,
    failFast: undefined,
    canary: false,
    maxStdout: undefined,
    detach: false,
    resume: false,
    reporter,
    onSent: () => {},
    print: async () => true,
  })
  const [first] = failed
  if (first) throw new TmError('failed', `A command failed: ${first.error}`)
  for (const file of files) requireSame(file, join(to, `${basename(file)}.gz`))
  return files.length
}

function requireSame(file: string, compressed: string): void {
  if (gunzipSync(readFileSync(compressed)).equals(readFileSync(file))) return
  throw new TmError('failed', `${basename(compressed)} is not what was in ${basename(file)}`)
}
