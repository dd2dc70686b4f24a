/** All kinds of work, by name. A new kind needs a folder here and a runner in `worker/runners`. */
import { TmError } from '../core/errors.ts'
import type { AcceptedTask, NewTask, Work } from '../core/task.ts'
import { command } from './command/command.ts'
import type { AnyKind, Fields } from './kind.ts'
import { sha512 } from './sha512/sha512.ts'

export type Kinds = Readonly<Record<string, AnyKind>>

export const kinds: Kinds = { sha512, command }

/** The kind of a task whose sender names none, as before there were kinds. */
export const defaultKind = 'sha512'

/** Throws `invalid` for an unknown name. */
export function kindNamed(all: Kinds, name: unknown): AnyKind {
  const kind = typeof name === 'string' && Object.hasOwn(all, name) ? all[name] : undefined
  if (kind) return kind
  throw new TmError('invalid', `Unknown kind of work ${JSON.stringify(name)?.slice(0, 60)}`, {
    suggestions: [`Kinds of work: ${Object.keys(all).join(', ')}`],
  })
}

/** Checks a received task and adds its cost. */
export function accept(
  all: Kinds,
  { id, kind, spec, body, job, key }: Omit<NewTask, 'spec'> & { spec: unknown },
): AcceptedTask {
  const { parse, cost } = kindNamed(all, kind)
  const parsed = parse(spec)
  const task = { id, kind, spec: JSON.stringify(parsed), cost: cost(parsed, body.length), body }
  return { ...task, ...(job === undefined ? {} : { job }), ...(key === undefined ? {} : { key }) }
}

/** The fields of a task's kind; none if this version of tm does not know the kind. */
export function fieldsOf(all: Kinds, { kind, spec }: Work): Fields {
  const known = all[kind]
  return known ? known.fields(known.parse(JSON.parse(spec))) : {}
}

/** Like {@link fieldsOf}, for a task or result in an answer of the API, without groups. */
export function shownFields(all: Kinds, shown: { kind: string }): Record<string, string | number> {
  const known = all[shown.kind]
  const fields = known ? known.fields(known.parse(shown)) : {}
  const flat = Object.entries(fields).flatMap(([name, value]) =>
    typeof value === 'object' ? Object.entries(value) : [[name, value] as const],
  )
  return Object.fromEntries(flat)
}

/** The parameters of this work, in words. */
export function describeWork({ kind, spec }: Work): string {
  const known = kindNamed(kinds, kind)
  return known.describe(known.parse(JSON.parse(spec)))
}

/** Equal for equal work. */
export function workKey({ kind, spec }: Work): string {
  const known = kindNamed(kinds, kind)
  return known.key(known.parse(JSON.parse(spec)))
}
