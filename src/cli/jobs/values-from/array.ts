/** The numbers of `--array`. */
import { TmError } from '../../../core/errors.ts'
import { parseInteger } from '../../../core/integers.ts'
import { maxTasks } from './limits.ts'
import type { TaskValues } from './task-values.ts'

/** `text`: `1-1000`, `0-100:10`. Throws `invalid`. */
export function arrayTasks(text: string): TaskValues[] {
  const match = /^(\d+)-(\d+)(?::(\d+))?$/.exec(text)
  const [from, to, step] = [match?.[1], match?.[2], match?.[3] ?? '1'].map((part) =>
    parseInteger(part ?? '', { min: 0, max: Number.MAX_SAFE_INTEGER }),
  )
  const readable = from !== undefined && to !== undefined && step !== undefined && step > 0
  if (!readable || to < from || (to - from) / step >= maxTasks) {
    throw new TmError('invalid', `--array must be FROM-TO or FROM-TO:STEP, not "${text}"`)
  }
  const count = Math.floor((to - from) / step) + 1
  return Array.from({ length: count }, (_, at) => ({ values: { n: String(from + at * step) } }))
}
