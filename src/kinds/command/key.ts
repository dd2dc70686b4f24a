/**
 * What makes a task of a command the same as an earlier one: the command, the values that it uses, the
 * bytes of its input and of what all tasks share, its environment, and the names of its outputs. Not its limits and retries, which
 * change whether it ends well, and not what it makes; nor how much of stdout is kept, which depends on
 * who looks.
 */
import { createHash } from 'node:crypto'
import type { Job } from './job.ts'
import type { SharedFile } from './shared.ts'

export interface Content {
  values: Readonly<Record<string, string>>
  body: Uint8Array
}

/**
 * Gives the tasks of a job their keys. Each of several equal tasks has a key of its own: whoever asks
 * for five runs of one command gets five results, and the same five when asking again. Never gives a
 * key that is in `taken`.
 */
export function createKeys(job: Job, taken: ReadonlySet<string> = new Set()) {
  const command = digest(JSON.stringify(identityOf(job)))
  const repeats = new Map<string, number>()

  return {
    next({ values, body }: Content): string {
      const content = digest(JSON.stringify([command, digest(body), sorted(values)]))
      let repeat = repeats.get(content) ?? 0
      let key = keyOf(content, repeat)
      for (; taken.has(key); key = keyOf(content, repeat)) repeat += 1
      repeats.set(content, repeat + 1)
      return key
    },
  }
}

export type Keys = ReturnType<typeof createKeys>

function keyOf(content: string, repeat: number): string {
  return repeat === 0 ? content : digest(`${content} ${repeat}`)
}

/** A list, since the order of its parts is part of the format. */
function identityOf(job: Job): unknown[] {
  const { run, input, env, shared = [], outputs, stdout, stderr } = job
  const command = 'script' in run ? ['script', run.script] : ['argv', run.argv]
  const files = outputs.map(({ name, optional = false }) => [name, optional])
  const names = [files, stdout ?? null, stderr ?? null]
  return ['tm 1', command, input, sorted(env), shared.map(identityOfShared).sort(byFirst), names]
}

/** Of its mode only whether it can be executed: the rest differs between machines. */
function identityOfShared({ name, kind, sha256, mode }: SharedFile): [string, ...unknown[]] {
  return [name, kind, sha256, (mode & 0o111) !== 0]
}

function sorted(record: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(record).sort(byFirst)
}

function byFirst([a]: [string, ...unknown[]], [b]: [string, ...unknown[]]): number {
  return a < b ? -1 : 1
}

function digest(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}
