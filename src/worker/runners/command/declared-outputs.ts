/** The files that become outputs of an attempt: what the job has declared, and stdout and stderr. */
import { join } from 'node:path'
import type { Job } from '../../../kinds/command/job.ts'
import { fill, type Template } from '../../../kinds/command/placeholders.ts'
import { type Found, findOutputs } from './outputs.ts'
import { type Shortened, shorten } from './shorten.ts'

export interface Written {
  /** The folder of the attempt, and in it that of the command. */
  root: string
  cwd: string
  stdout: string
  stderr: string
  /** Who the command ran as; undefined for the user of the worker. */
  user?: number | undefined
}

/** Throws `OutputProblem`. `leftOut`: bytes of stdout that are in none of the files. */
export async function declaredOutputs(
  job: Job,
  written: Written,
  values: Record<string, string>,
): Promise<{ files: Found[]; leftOut: number }> {
  const patterns = job.outputs.map(({ name, optional = false }) => ({
    name: fill(name, values),
    optional,
  }))
  const shared = job.shared?.map(({ name }) => name) ?? []
  const { path, leftOut } = await keptStdout(job, written)
  const streams: [Template | undefined, string][] = [
    [job.stdout, path],
    [job.stderr, written.stderr],
  ]
  const named = streams.flatMap(([name, file]) =>
    name === undefined ? [] : [{ name: fill(name, values), path: file }],
  )
  const found = await findOutputs(written.cwd, patterns, { shared, user: written.user })
  return { files: [...found, ...named], leftOut }
}

async function keptStdout(job: Job, { root, stdout }: Written): Promise<Shortened> {
  if (!job.stdout || job.maxStdout === undefined) return { path: stdout, leftOut: 0 }
  return await shorten(stdout, job.maxStdout, join(root, 'shortened'))
}
