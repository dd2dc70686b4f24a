/**
 * Encodes new tasks for the way to a node: one frame per task, with the header
 * `{id, kind, spec, job?, key?}`. A
 * header without `kind` is itself the spec of the default kind, as when there was only one kind.
 */
import { TmError } from '../core/errors.ts'
import { type AcceptedTask, isTaskId, type NewTask, taskKeyPattern } from '../core/task.ts'
import { accept, defaultKind, type Kinds } from '../kinds/kinds.ts'
import { type Frame, writeFrames } from './frames.ts'

export function packTasks(tasks: NewTask[]): Uint8Array<ArrayBuffer> {
  return writeFrames(
    tasks.map(({ id, kind, spec, job, key, body }) => ({
      header: `{"id":${JSON.stringify(id)},"kind":${JSON.stringify(kind)},"spec":${spec}${member('job', job)}${member('key', key)}}`,
      size: body.length,
      write: (target) => target.set(body),
    })),
  )
}

function member(name: string, value: string | undefined): string {
  return value === undefined ? '' : `,"${name}":${JSON.stringify(value)}`
}

/** Checks by hand: a schema would take longer than the rest of enqueueing a small task. */
export function readTask({ header, body }: Frame, kinds: Kinds): AcceptedTask {
  const { id, kind, spec, job, key } = (header ?? {}) as Partial<Record<string, unknown>>
  if (typeof id !== 'string' || !isTaskId(id)) {
    throw new TmError('invalid', 'id must be a UUID in lower case, in the header of each frame')
  }
  if (kind === undefined) return accept(kinds, { id, kind: defaultKind, spec: header, body })
  if (job !== undefined && (typeof job !== 'string' || !isTaskId(job))) {
    throw new TmError('invalid', 'job must be a UUID in lower case')
  }
  if (key !== undefined && (typeof key !== 'string' || !taskKeyPattern.test(key))) {
    throw new TmError('invalid', 'key must be a SHA-256 in lower-case hex')
  }
  const ofJob = job ? { job, ...(key ? { key } : {}) } : {}
  return accept(kinds, { id, kind: kind as string, spec, body, ...ofJob })
}
